"""The words of comments, pages and texts. Each entry names the better word."""
import json
import re

from rules import rule

# In comments and pages.
BANNED = {
    r"\b(?:[Hh]e|[Hh]is|[Hh]im|[Hh]imself)\b": "users are they",
    r"\bCONTRACT\.": "a public header needs no mark",
    r"\b[Ww]ires?\b": "API, protocol, connection or pipe",
    r"\b[Ee]-mails?\b": "email",
    r"\b[Ww]hence\b": "where … from",
    r"\b[Cc]ouriers?\b": "dispatcher",
    r"\b[Pp]ost office\b": "email delivery",
    r"\b(?:[Uu]ntold|[Uu]nsaid|[Uu]nheard)\b": "not reported, not sent",
    r"\b(?:[Tt]ells?|[Tt]elling|[Tt]old)\b": "report, show, return, notify; distinguish",
    r"\b(?:[Hh]ears?|[Hh]earing|[Hh]eard)\b": "receive",
    r"\b[Bb]ur(?:y|ies|ied)\b": "recover, clean up",
    r"\b[Bb]ells?\b": "wakeup",
    r"\b[Mm]end(?:s|ed|ing)?\b": "fix",
    r"\bkeeps? house\b": "run maintenance",
    r"\bby hand of\b": "by",
    r"\bthis house\b|\bthe house\b": "Tenon, the code",
}
# The sample product, known in src/pipeline alone.
SAMPLE = re.compile(r"\b(?:photo(?:graph)?s?|slide ?shows?|films?|captions?|Make the video)\b", re.IGNORECASE)

_PROSE = ("src/*", "public/*.js", "public/*.css", "db/*", "docs/*.md", "script/*", "cmake/*", "tests/*", "README.md", "CHANGELOG.md", "CMakeLists.txt")


def pages(tree):
    vendored = ("public/vendor/", "tests/node_modules", "src/html/data/")
    return [path for path in tree.paths(*_PROSE) if not path.startswith(vendored) and not path.endswith((".json", ".txt.in"))]


# In code: names that had to be explained, and the field's name in their place.
RENAMED = {
    "Ambient": "TaskContext",
    "Offload": "BlockingPool",
    "OneTrip": "ImplicitTransaction",
    "Courier": "OutboxDispatcher",
    "Patience": "Timeouts",
    "Parking": "Waiter",
    "EvenTime": "ConstantTimeResponse",
    "HalfProven": "AwaitingOtherAddress",
    "StillOurs": "HeldJob",
    "Beside": "SessionExtras",
    "check_beside": "check_session_with_extras",
    "wire_problem": "the error format of the route group",
    "keep_house": "run_maintenance",
    "patiently": "retry_while_unavailable",
    "retold": "translate_error",
    "hand_back": "release_claim",
    "settle_badly": "fail",
    "settle_well": "complete",
    "fail_for_now": "schedule_retry",
    "make_inert": "set_safe_download_headers",
    "living_tier": "active_tier",
    "meet_device": "record_sign_in_device",
    "may_be_a_strangers": "has_unverified_owner",
    "House": "support::App",
}
_RENAMED = re.compile(rf"\b(?:{'|'.join(RENAMED)})\b")


@rule(
    "code uses the field's names",
    "Use the name after the arrow.",
    [{"src/a/a.cc": "void keep_house();\n"}, {"tests/unit/a/a_test.cc": "House house;\n"}],
    [{"src/a/a.cc": '// A house.\nvoid run_maintenance();\n'}],
)
def field_names(tree):
    for path in tree.paths("src/*.h", "src/*.cc", "tests/*.h", "tests/*.cc", "db/*.sql"):
        for n, line in enumerate(tree.text(path).split("\n"), 1):
            for found in _RENAMED.finditer(line):
                yield f"{path}:{n}: {found.group()} -> {RENAMED[found.group()]}"


@rule(
    "comments and pages use plain words",
    "Use the word after the arrow.",
    [
        {"src/a/a.cc": "// The user and his projects.\n"},
        {"docs/a.md": "The wire is open."},
        {"src/a/README.md": "It tells the worker."},
        {"db/a.sql": "-- he asks\n"},
    ],
    [{"src/a/a.cc": '// Users and their projects.\nconst char* a = "his";\n', "docs/a.md": "The file `wire.h`."}],
)
def plain_words(tree):
    for path in pages(tree):
        for line, text in tree.prose(path):
            for pattern, better in BANNED.items():
                for found in re.finditer(pattern, text):
                    yield f"{path}:{line}: {found.group()} -> {better}"


@rule(
    "a comment begins with its subject",
    'Not "What a page shows", "Who may read", "Whether it is open": name the thing, or write a sentence.',
    [{"src/a/a.h": "// What a page wants to know.\nint a;\n"}, {"src/a/a.h": "int a;  // Whether it is open\n"}],
    [{"src/a/a.h": "// Extra data. What is missing stays empty.\n// What comes next is one sentence?\n"}],
)
def subjects_first(tree):
    for path in tree.paths("src/*.h", "src/*.cc", "src/*.md", "public/*.js", "db/*.sql", "tests/*.h", "tests/*.cc", "tests/*.ts"):
        for line, text in tree.blocks(path) if not path.endswith(".md") else []:
            found = re.match(r"(?:What|Who|Whose|Whom|Whether|Whoever|Whatever)\b(?!'s)", text)
            if found and not re.match(r"[^.!]*\?", text):
                yield f"{path}:{line}: {text[:70]}"


@rule(
    "texts for people say email, and they",
    'Write "email" for what people get; users are "they".',
    [{"src/a/text/en.json": '{"a.x": "We sent a mail."}'}, {"src/a/text/en.json": '{"a.x": "His project"}'}],
    [{"src/a/text/en.json": '{"a.x": "We sent an email."}'}],
)
def texts_for_people(tree):
    for path in tree.paths("src/*/text/en.json"):
        for key, sentence in json.loads(tree.text(path)).items():
            for found in re.finditer(r"\b(?:[Mm]ail(?:s|ed|ing)?|[Ee]-[Mm]ails?|[Hh]e|[Hh]is|[Hh]im)\b", sentence):
                yield f"{path}: {key}: {found.group()}"


@rule(
    "only src/pipeline knows the sample product",
    "Speak of files, inputs, fields and results; the pipeline declares the words of its business.",
    [{"src/jobs/a.cc": "// Each photograph.\n"}, {"src/jobs/text/en.json": '{"jobs.x": "Make the video"}'}],
    [{"src/pipeline/a.cc": "// Each photograph.\n", "src/jobs/views/a.html": "<table><caption>Jobs</caption></table>"}],
)
def sample_words(tree):
    for path in tree.paths("src/*", "public/*"):
        if path.startswith(("src/pipeline/", "src/html/data/", "public/vendor/", "public/fonts/")):
            continue
        for n, line in enumerate(tree.text(path).split("\n"), 1):
            line = re.sub(r"</?caption\b[^>]*>|(?<![\w-])caption(?=\s*[,{])", "", line)
            for found in SAMPLE.finditer(line.replace("_", " ")):
                yield f"{path}:{n}: {found.group()}"


@rule(
    "no explanation is written twice",
    "Keep it in one place, and let the other name that place.",
    [
        {
            "src/a/a.cc": "// A row that lost its lease is left alone, since another worker owns it by now.\n",
            "src/b/b.cc": "// A row that lost its lease is left alone, since another worker owns it by now.\n",
        }
    ],
)
def written_once(tree):
    places = {}
    for path in tree.paths("src/*.h", "src/*.cc", "db/*.sql", "docs/*.md", "*README.md", "public/*.js"):
        lines = tree.blocks(path) if not path.endswith(".md") else tree.prose(path)
        for line, text in lines:
            for sentence in re.split(r"(?<=[.;:])\s+", text):
                if len(sentence) > 70 and not sentence.startswith(("|", "**[M]**")):
                    places.setdefault(sentence, []).append(f"{path}:{line}")
    for sentence, found in places.items():
        if len(found) > 1:
            yield f"{', '.join(found)}: {sentence[:60]}…"


@rule(
    "a log event is module.noun.past_verb",
    "Three parts, of which the first is the module that logs.",
    [{"src/jobs/a.cc": 'log::info("jobs.finished");'}, {"src/jobs/a.cc": 'log::info("mail.job.finished");'}],
    [{"src/jobs/a.cc": 'core::log::warn("jobs.job.finished", {});'}],
)
def log_events(tree):
    for path in tree.paths("src/*.cc", "src/*.h"):
        text = tree.text(path)
        for found in re.finditer(r'\blog::(?:info|warn|error|debug)\(\s*"([^"]*)"', text):
            parts = found.group(1).split(".")
            if len(parts) != 3 or parts[0] != path.split("/")[1]:
                yield f"{path}:{text.count(chr(10), 0, found.start()) + 1}: {found.group(1)}"
