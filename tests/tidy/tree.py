"""The files that rules look at: the checkout, or an example given as {path: text}."""
import fnmatch
import functools
import re
import subprocess


class Tree:
    """What rules may ask. Paths are relative to the root, with slashes."""

    def __init__(self):
        self._cache = {}

    def paths(self, *patterns):
        """The files that match one of the patterns; `*` crosses slashes."""
        return [path for path in self.all_paths() if any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)]

    def folders(self):
        if "folders" not in self._cache:
            found = set()
            for path in self.all_paths():
                parts = path.split("/")
                found.update("/".join(parts[:n]) for n in range(1, len(parts)))
            self._cache["folders"] = found
        return self._cache["folders"]

    def exists(self, path):
        if "paths" not in self._cache:
            self._cache["paths"] = set(self.all_paths())
        path = path.rstrip("/")
        return path in self._cache["paths"] or path in self.folders()

    def modules(self):
        return sorted({path.split("/")[1] for path in self.paths("src/*/CMakeLists.txt") if path.count("/") == 2})

    def comments(self, path):
        """[(line, text)], one for each line of a comment, without its marks."""
        key = ("comments", path)
        if key not in self._cache:
            self._cache[key] = list(_comments(path, self.text(path)))
        return self._cache[key]

    def code(self, path):
        """The text of a C++ file with its comments blanked."""
        return _C_TOKEN.sub(
            lambda found: re.sub(r"[^\n]", " ", found.group()) if found["line"] or found["block"] else found.group(), self.text(path)
        )

    def blocks(self, path):
        """[(line, text)], one for each comment: its lines joined."""
        out = []
        last = None
        for line, text in self.comments(path):
            if out and last == line - 1 and text:
                out[-1][1] += " " + text
            elif text:
                out.append([line, text])
            last = line if text else None
        return [(line, text) for line, text in out]

    def prose(self, path):
        """[(line, text)] of what people read in a file: comments, or Markdown outside of code."""
        key = ("prose", path)
        if key not in self._cache:
            self._cache[key] = list(_markdown(self.text(path))) if path.endswith(".md") else self.comments(path)
        return self._cache[key]


class Checkout(Tree):
    """The working tree as git sees it, without the rules themselves: they hold what they refuse."""

    def __init__(self, root, binary):
        super().__init__()
        self._root = root
        self._binary = binary

    @functools.cache
    def all_paths(self):
        listed = self._git("ls-files", "--cached", "--others", "--exclude-standard").splitlines()
        return [p for p in listed if not p.startswith("tests/tidy/") and (self._root / p).is_file()]

    def exists(self, path):
        return super().exists(path) or path.startswith("tests/tidy") and (self._root / path).exists()

    @functools.cache
    def text(self, path):
        data = (self._root / path).read_bytes()
        return "" if b"\0" in data[:8000] else data.decode("utf-8", "replace")

    def subjects(self):
        """Subjects of the commits since the rule about them came."""
        first = self._git("log", "--diff-filter=A", "--format=%H", "--", "tests/tidy/rules/subjects.py").split()
        if not first:
            return []
        return self._git("log", "--no-merges", "--format=%h %s", f"{first[-1]}..HEAD").splitlines()

    def product(self, *arguments):
        """What the built binary prints, or None when there is none."""
        if not self._binary.is_file():
            return None
        return subprocess.run([self._binary, *arguments], capture_output=True, text=True, check=True).stdout

    def _git(self, *arguments):
        return subprocess.run(["git", *arguments], cwd=self._root, capture_output=True, text=True, check=True).stdout


class Example(Tree):
    """A tree in memory. "(commits)" holds subjects, one a line; "(tenon env)" what the binary prints."""

    def __init__(self, files):
        super().__init__()
        self._files = files

    def all_paths(self):
        return [path for path in self._files if not path.startswith("(")]

    def text(self, path):
        return self._files[path]

    def subjects(self):
        return self._files.get("(commits)", "").splitlines()

    def product(self, *arguments):
        return self._files.get(f"(tenon {' '.join(arguments)})")


_C_TOKEN = re.compile(
    r'R"(?P<raw>\w*)\(.*?\)(?P=raw)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z])'(?:\\.|[^'\\\n])*'"
    r"|`(?:\\.|[^`\\])*`"
    r"|(?P<line>//[^\n]*)"
    r"|(?P<block>/\*.*?\*/)",
    re.S,
)
_SQL_TOKEN = re.compile(r"'(?:''|[^'])*'|(?P<line>--[^\n]*)|(?P<block>/\*.*?\*/)", re.S)
_VIEW_TOKEN = re.compile(r"(?P<block><!--.*?-->|\{\{!.*?\}\})", re.S)
_HASH = re.compile(r"(?:^|(?<=\s))#(?!!)\s?(.*)$")


def _comments(path, text):
    name = path.rsplit("/", 1)[-1]
    if name.endswith((".h", ".cc", ".js", ".ts", ".mjs", ".css")):
        token = _C_TOKEN
    elif name.endswith(".sql"):
        token = _SQL_TOKEN
    elif name.endswith((".html", ".mustache")):
        token = _VIEW_TOKEN
    elif name.endswith((".py", ".cmake", ".yml", ".yaml", ".sh")) or "." not in name or name == "CMakeLists.txt":
        for n, line in enumerate(text.split("\n"), 1):
            if found := _HASH.search(line):
                yield n, found.group(1).strip()
        return
    else:
        return
    for found in token.finditer(text):
        whole = found.groupdict().get("line") or found.groupdict().get("block")
        if not whole:
            continue
        first = text.count("\n", 0, found.start()) + 1
        for n, line in enumerate(whole.split("\n")):
            yield first + n, re.sub(r"^\s*(?://+|--+|/\*+|\*(?!\S*\*)|<!--|\{\{!)\s?|\s*(?:\*/|-->|\}\})\s*$", "", line).strip()


def _markdown(text):
    fenced = False
    for n, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith("    "):
            yield n, re.sub(r"`[^`]*`", "``", line).strip()
