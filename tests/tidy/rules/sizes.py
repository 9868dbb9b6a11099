"""Files stay small, or say why not."""
import re

from rules import rule

LIMITS = {".h": 120, ".cc": 400}


def first_comment(tree, path):
    blocks = tree.blocks(path)
    return blocks[0][1] if blocks and blocks[0][0] <= 3 else ""


@rule(
    "a header has at most 120 lines and a source 400, or its first comment gives the reason",
    'Split the file. If it is truly one piece, say why in its first comment: "Longer than usual: …".',
    [{"src/a/a.h": "#pragma once\n" * 121}, {"src/a/a.cc": "// What it does.\n" + "int a;\n" * 400}],
    [{"src/a/a.cc": "// The parser. Longer than usual: one table.\n" + "\n" * 400}, {"src/a/a.h": "\n" * 120}],
)
def small_files(tree):
    for path in tree.paths("src/*.h", "src/*.cc"):
        limit = LIMITS[path[path.rindex(".") :]]
        lines = tree.text(path).count("\n")
        if lines > limit and not re.search(r"\b[Ll]ong(?:er)?\b", first_comment(tree, path)):
            yield f"{path}: {lines} lines, at most {limit}"


@rule(
    "no file within its limit apologises for its length",
    "Remove the sentence.",
    [{"src/a/a.h": "// Long, since it is the whole interface.\nint a;\n"}],
)
def no_passwords(tree):
    for path in tree.paths("src/*.h", "src/*.cc"):
        limit = LIMITS[path[path.rindex(".") :]]
        found = re.search(r"\bLong(?:er)?(?:,| than)", first_comment(tree, path))
        if found and tree.text(path).count("\n") <= limit:
            yield f"{path}: {found.group()}"
