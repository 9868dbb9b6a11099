"""What a comment or a page cites, its reader can open."""
import fnmatch
import re

from rules import rule

_CODE = ("*.h", "*.cc", "*.js", "*.ts", "*.mjs", "*.css", "*.sql", "*.html", "*.cmake", "*CMakeLists.txt", "script/*", "tests/*/run")
_TOP = ("docs", "src", "tests", "db", "script", "cmake", "public")
_FROM_ROOT = re.compile(rf"(?<![\w./@-])(?:{'|'.join(_TOP)})/[\w./*{{}},…<>-]*[\w*}}/]")
_FILE = re.compile(r"(?<![\w./@$*<…-])(?:[a-z_0-9]+/)*[a-z_0-9][\w-]*\.(?:h|cc|sql|md|html|ts|js|css|json|mjs|\{h,cc\})(?![\w./(-])")
_SPEC = re.compile(r"(?<![\w/.-])((?:docs/spec/)?[\w-]+\.md)\s+(?:section\s+)?(\d+)(?:\.(\d+))?(?![\d%])")
_PRIVATE = re.compile(
    r"(?<!docs/)\bspec/|(?<![\w/-])(?:ui|prd|mission|house|style|design|attack)\.md\b|\.\./shared|\bPRD\b|(?<![\w-])issue \d+|\bmission row"
)


def cited(tree, path):
    """[(line, text)]: Markdown whole, code by its comments."""
    if path.endswith(".md"):
        return list(enumerate(tree.text(path).split("\n"), 1))
    return tree.comments(path)


def pages(tree):
    return [path for path in tree.paths("*.md", *_CODE) if not path.startswith(("docs/spec/", "public/vendor/"))]


def spread(path):
    """a.{h,cc} is a.h and a.cc."""
    if found := re.search(r"\{([^{}]*)\}", path):
        return [one for part in found.group(1).split(",") for one in spread(path[: found.start()] + part.strip() + path[found.end() :])]
    return [path]


@rule(
    "a path that a comment or a page names exists",
    "Correct the path, or name the thing without one.",
    [
        {"src/a/a.cc": "// See docs/nothing.md.\n"},
        {"README.md": "Look at `src/a/gone.cc`."},
        {"README.md": "Look at src/b/."},
        {"src/a/README.md": "Start reading at `gone.h`.", "src/a/b.h": ""},
    ],
    [
        {
            "src/a/a.cc": "// See docs/x.md and src/*/text/en.json.\n",
            "docs/x.md": "`a.cc`, src/a/a.{h,cc}, src/<module>/x.cc",
            "src/a/a.h": "",
            "src/a/text/en.json": "{}",
        }
    ],
)
def cited_paths(tree):
    names = {path.rsplit("/", 1)[-1] for path in tree.all_paths()}
    for path in pages(tree):
        folder = path.rpartition("/")[0]
        homes = ["", "src/", "tests/", "db/", "public/", "docs/", "script/"]
        parts = folder.split("/")
        homes += ["/".join(parts[:n]) + "/" for n in range(1, len(parts) + 1) if parts[0]]
        for line, text in cited(tree, path):
            for found in _FROM_ROOT.finditer(text):
                for name in spread(found.group()):
                    if re.search(r"[<>…{}]|NN|YYYY", name):
                        continue
                    known = tree.paths(name.rstrip("/"), name.rstrip("/") + "/*") if "*" in name else tree.exists(name)
                    if not known and not any(tree.exists(name + end) for end in (".h", ".cc", ".md", ".ts")):
                        yield f"{path}:{line}: {name}"
            for found in _FILE.finditer(text):
                for name in spread(found.group()):
                    if name.split("/")[0] in _TOP:
                        continue
                    if "/" in name:
                        known = any(tree.exists(home + name) for home in homes)
                        known = known or any(other.endswith("/" + name) for other in tree.all_paths())
                        known = known or tree.exists("src/" + name.replace("/", "/views/", 1))
                    else:
                        known = name in names
                    if not known and not _elsewhere(name):
                        yield f"{path}:{line}: {name}"


def _elsewhere(name):
    """Files of other programs, of the system and of the build."""
    return name in ("package.json", "sysexits.h", "pg_type.h", "fbevents.js", "statements.cc") or name.startswith("boost/")


@rule(
    "nothing cites what only the authors can open",
    "Cite a page in docs/, an RFC or a public document. The specifications are in docs/spec/.",
    [
        {"src/a/a.cc": "// As spec/security.md 1.4 has it.\n"},
        {"src/a/a.cc": "// ui.md 2's policy.\n"},
        {"docs/a.md": "The PRD wants it."},
    ],
    [{"src/a/a.cc": "// As docs/spec/security.md 1.4 has it.\n"}],
)
def public_citations(tree):
    for path in pages(tree) + tree.paths("docs/spec/*.md"):
        for line, text in cited(tree, path):
            for found in _PRIVATE.finditer(text):
                yield f"{path}:{line}: {found.group()}"


@rule(
    "a cited section of docs/spec exists",
    "Sections are numbered headings, and numbered lines below them.",
    [
        {"docs/spec/s.md": "## 1. One\n1. a\n", "src/a/a.cc": "// docs/spec/s.md 2\n"},
        {"docs/spec/s.md": "## 1. One\n1. a\n", "src/a/a.cc": "// docs/spec/s.md 1.2\n"},
    ],
    [{"docs/spec/s.md": "## 1. One\n1. a\n### 1.3 x\n", "src/a/a.cc": "// docs/spec/s.md 1.1, 1.3 and docs/spec/s.md section 1\n"}],
)
def cited_sections(tree):
    sections = {}
    for page in tree.paths("docs/spec/*.md"):
        known, chapter = set(), ""
        for line in tree.text(page).split("\n"):
            if found := re.match(r"#+ (\d+)(?:\.(\d+))?", line):
                chapter = found.group(1)
                known.add((chapter, found.group(2)))
            elif found := re.match(r"(\d+)\. ", line):
                known.add((chapter, found.group(1)))
        sections[page.rsplit("/", 1)[-1]] = known
    for path in tree.paths("*.md", *_CODE):
        for line, text in ((n, t) for n, t in (tree.blocks(path) if not path.endswith(".md") else cited(tree, path))):
            for found in _SPEC.finditer(text):
                page = found.group(1).rsplit("/", 1)[-1]
                if page in sections and (found.group(2), found.group(3)) not in sections[page]:
                    yield f"{path}:{line}: {found.group()}"


@rule(
    "a link of a page leads somewhere",
    "Correct the link.",
    [{"docs/a.md": "[b](b.md)"}],
    [{"docs/a.md": "[b](b.md#x) [c](https://example.com) [d](../README.md)", "docs/b.md": "", "README.md": ""}],
)
def links(tree):
    for path in tree.paths("*.md"):
        folder = path.rpartition("/")[0].split("/") if "/" in path else []
        for line, text in tree.prose(path):
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if re.match(r"[a-z]+:|#", target):
                    continue
                parts = list(folder)
                for part in target.split("#")[0].split("/"):
                    if part == "..":
                        parts = parts[:-1]
                    elif part not in (".", ""):
                        parts.append(part)
                if not tree.exists("/".join(parts)):
                    yield f"{path}:{line}: {target}"


_SQL_OBJECT = re.compile(
    r"\b(?:function|table|view|type|sequence)\s+(?:if not exists\s+)?((?:tenon|public)\.[a-z_0-9]+)", re.IGNORECASE
)


@rule(
    "a table or function of the schema tenon that a comment or a page names exists",
    "Use its present name; db/README.md has the index.",
    [{"db/functions/a.sql": "create or replace function tenon.prune()", "docs/a.md": "`tenon.keep_house`"}],
    [{"db/functions/a.sql": "create or replace function tenon.prune()", "docs/a.md": "`tenon.prune(1)`, tenon.example.com"}],
)
def sql_names(tree):
    known = {name for path in tree.paths("db/*.sql") for name in _SQL_OBJECT.findall(tree.text(path))}
    for path in tree.paths("*.md", "src/*.h", "src/*.cc", "db/*.sql", "tests/*.cc", "tests/*.sql", "tests/*.ts"):
        for line, text in cited(tree, path):
            for found in re.finditer(r"\btenon\.[a-z_]+\b(?!\.)", text):
                if found.group() not in known:
                    yield f"{path}:{line}: {found.group()}"
