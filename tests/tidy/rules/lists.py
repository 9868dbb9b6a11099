"""Lists that repeat what the product knows. They need the built binary."""
import difflib
import re

from rules import rule

_UNBUILT = "there is no binary to compare with: script/build --preset release tenon"


@rule(
    ".env.example lists the variables that the code reads",
    "Add or remove the variable; `tenon env` prints them.",
    [{".env.example": "AB=1\n", "(tenon env)": "AB=1\nBC=2\n"}, {".env.example": "AB=1\n# CD=\n", "(tenon env)": "AB=1\n"}, {".env.example": ""}],
    [{".env.example": "AB=1\n# BC=2\n", "(tenon env)": "AB=\nBC=\n"}],
)
def variables(tree):
    printed = tree.product("env")
    if printed is None:
        yield _UNBUILT
        return
    listed = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", tree.text(".env.example"), re.M))
    asked = {line.split("=")[0] for line in printed.splitlines() if "=" in line}
    yield from (f".env.example: {name} is missing" for name in asked - listed)
    yield from (f".env.example: {name} is never read" for name in listed - asked)


@rule(
    "docs/routes.md is the route table of the product",
    "build/release/tenon routes --markdown >docs/routes.md",
    [{"docs/routes.md": "a\n", "(tenon routes --markdown)": "b\n"}],
    [{"docs/routes.md": "a\n", "(tenon routes --markdown)": "a\n"}],
)
def routes(tree):
    printed = tree.product("routes", "--markdown")
    if printed is None:
        yield _UNBUILT
        return
    for line in difflib.unified_diff(tree.text("docs/routes.md").splitlines(), printed.splitlines(), lineterm="", n=0):
        if not line.startswith(("---", "+++", "@@")):
            yield f"docs/routes.md: {line}"
