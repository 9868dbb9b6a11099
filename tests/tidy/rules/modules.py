"""Who may include whom. The order of modules has one home: the ladder in docs/architecture.md."""
import re

from rules import rule

_INCLUDE = re.compile(r'^#include "([a-z_]+)/', re.M)
_HEAVY = re.compile(r"^#include <(?:boost/(?:asio|beast|json)|openssl/|libpq-fe)", re.M)


def ladder(tree):
    """{module: rank} from the line of docs/architecture.md that is divided by bars."""
    for line in tree.text("docs/architecture.md").split("\n") if tree.exists("docs/architecture.md") else []:
        if line.count("│") > 2 and "core" in line:
            return {name: n for n, step in enumerate(line.split("│")) for name in step.split()}
    return {}


def may_use(tree, module):
    text = tree.text(f"src/{module}/CMakeLists.txt")
    found = re.search(r"tenon_module\([^)]*\bMAY_USE\b([^)]*)\)", text)
    return [word for word in re.split(r"\bLIBRARIES\b", found.group(1))[0].split() if word.islower()] if found else []


def includes(tree, module):
    """[(path, line, included module)]"""
    known = set(tree.modules())
    for path in tree.paths(f"src/{module}/*.h", f"src/{module}/*.cc"):
        text = tree.text(path)
        for found in _INCLUDE.finditer(text):
            if found.group(1) in known:
                yield path, text.count("\n", 0, found.start()) + 1, found.group(1)


def bounded(tree):
    """The modules with a list: app alone may know every other."""
    return [module for module in tree.modules() if module != "app"]


_LADDER = {"docs/architecture.md": "    core │ pg http │ jobs │ app\n"}


@rule(
    "a module includes only the modules that its MAY_USE lists",
    "Add the module to MAY_USE in the folder's CMakeLists.txt if it stands to the left, else move the code.",
    [
        {
            "src/pg/CMakeLists.txt": "tenon_module(pg MAY_USE core)",
            "src/jobs/CMakeLists.txt": "tenon_module(jobs MAY_USE core)",
            "src/jobs/a.cc": '#include "pg/pg.h"\n',
        }
    ],
    [
        {
            "src/pg/CMakeLists.txt": "tenon_module(pg MAY_USE core)",
            "src/jobs/CMakeLists.txt": "tenon_module(jobs MAY_USE core\n  pg LIBRARIES x)",
            "src/jobs/a.cc": '#include "jobs/a.h"\n#include "pg/pg.h"\n',
        }
    ],
)
def allowed_includes(tree):
    for module in bounded(tree):
        allowed = {module, *may_use(tree, module)}
        for path, line, used in includes(tree, module):
            if used not in allowed:
                yield f"{path}:{line}: {module} may not include {used}"


@rule(
    "every entry of MAY_USE is used by an include",
    "Remove the module from MAY_USE in that CMakeLists.txt.",
    [
        {
            "src/pg/CMakeLists.txt": "tenon_module(pg)",
            "src/jobs/CMakeLists.txt": "tenon_module(jobs MAY_USE pg)",
            "src/jobs/a.cc": "int a;\n",
        }
    ],
)
def used_edges(tree):
    for module in bounded(tree):
        used = {name for _, _, name in includes(tree, module)}
        for name in may_use(tree, module):
            if name not in used:
                yield f"src/{module}/CMakeLists.txt: {module} lists {name} and includes nothing of it"


@rule(
    "a module may use only modules to its left on the ladder",
    "The ladder is in docs/architecture.md. Write an outbox row, or own an interface that app/ fills in.",
    [
        {**_LADDER, "src/pg/CMakeLists.txt": "tenon_module(pg MAY_USE jobs)", "src/jobs/CMakeLists.txt": "tenon_module(jobs)"},
        {**_LADDER, "src/pg/CMakeLists.txt": "tenon_module(pg MAY_USE http)", "src/http/CMakeLists.txt": "tenon_module(http)"},
        {"src/pg/CMakeLists.txt": "tenon_module(pg)"},
    ],
    [{**_LADDER, "src/pg/CMakeLists.txt": "tenon_module(pg)", "src/jobs/CMakeLists.txt": "tenon_module(jobs MAY_USE pg)"}],
)
def only_leftwards(tree):
    ranks = ladder(tree)
    for module in tree.modules():
        if module not in ranks:
            yield f"docs/architecture.md: the ladder has no {module}"
    for module in bounded(tree):
        for used in may_use(tree, module):
            if module in ranks and used in ranks and ranks[used] >= ranks[module]:
                yield f"src/{module}/CMakeLists.txt: {module} lists {used}, which does not stand to its left"


@rule(
    "every module of the ladder has its folder",
    "Take the name out of the ladder in docs/architecture.md.",
    [{**_LADDER, "src/core/CMakeLists.txt": "", "src/pg/CMakeLists.txt": ""}],
)
def no_ghosts(tree):
    for module in sorted(ladder(tree).keys() - set(tree.modules())):
        yield f"docs/architecture.md: {module} is in the ladder and not in src/"


@rule(
    "every module has a README.md",
    "Ten plain lines: what it owns (tables, URLs, variables), what it refuses to do, where to start reading.",
    [{"src/pg/CMakeLists.txt": ""}],
    [{"src/pg/CMakeLists.txt": "", "src/pg/README.md": "# pg"}],
)
def readmes(tree):
    for module in tree.modules():
        if not tree.exists(f"src/{module}/README.md"):
            yield f"src/{module}: no README.md"


@rule(
    "Asio, Beast, OpenSSL, libpq and Boost.JSON stay in core, http and pg",
    "Use the module that wraps the library, or extend it.",
    [{"src/jobs/a.cc": "#include <boost/asio.hpp>\n"}],
    [{"src/pg/a.cc": "#include <libpq-fe.h>\n"}],
)
def heavy_libraries(tree):
    for path in tree.paths("src/*.h", "src/*.cc"):
        if path.split("/")[1] not in ("core", "http", "pg") and _HEAVY.search(tree.text(path)):
            yield path
