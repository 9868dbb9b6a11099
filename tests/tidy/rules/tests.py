"""The tests themselves."""
import re

from rules import rule

_TITLE = re.compile(r"\b(?:TEST_CASE|SUBCASE|test|it|describe)\(\s*[\"'`]([^\n]*?)[\"'`]\s*[,)]")
# Files whose subject is waiting itself.
_ABOUT_TIME = ("tests/unit/core/loop_test.cc",)
_SLEEP = re.compile(
    r"\b(?:sleep_for|sleep_until|usleep|nanosleep|waitForTimeout)\(|\bsetTimeout\((?:done|resolve|r)\b|\bsetTimeout\(\(\) => (?:done|resolve)\b"
)


@rule(
    "a test's name is a sentence, not the number of one",
    "Say what holds; the section may be cited in a comment.",
    [{"tests/unit/a/a_test.cc": 'TEST_CASE("4.2 what is personal is not stored") {'}, {"tests/clients/a.test.ts": "test('1.1 a', () =>"}],
    [{"tests/unit/a/a_test.cc": 'TEST_CASE("200 coroutines share a few connections") {'}],
)
def titles(tree):
    for path in tree.paths("tests/*.cc", "tests/*.ts"):
        text = tree.text(path)
        for found in _TITLE.finditer(text):
            if re.match(r"§?\d+(?:\.\d+)+[a-z]?\s|§", found.group(1)):
                yield f"{path}:{text.count(chr(10), 0, found.start()) + 1}: {found.group(1)[:70]}"


@rule(
    "a test waits for a condition, not for time",
    "Use tests/support/wait.h, or turn the clock by hand. Where time is the subject, say so in a comment on the line or above it.",
    [{"tests/unit/a/a_test.cc": "  std::this_thread::sleep_for(1s);\n"}, {"tests/e2e/a.ts": "await page.waitForTimeout(500)"}],
    [{"tests/unit/a/a_test.cc": "  // The lease is 2 s: time is the subject.\n  ::usleep(3000000);\n", "tests/support/wait.h": "usleep(1)"}],
)
def no_sleeps(tree):
    for path in tree.paths("tests/*.cc", "tests/*.h", "tests/*.ts", "tests/*.mjs"):
        if path.startswith(("tests/support/", "tests/node_modules/")) or path in _ABOUT_TIME:
            continue
        commented = {line for line, _ in tree.comments(path)}
        for n, line in enumerate(tree.text(path).split("\n"), 1):
            if _SLEEP.search(line) and n not in commented and n - 1 not in commented:
                yield f"{path}:{n}: {line.strip()[:80]}"
