"""Sentences for people: src/<module>/text/<language>.json."""
import json
import re

from rules import rule

# One sentence that two places may have apart, because they may come to differ. {sentence: why}
SAME_ON_PURPOSE = {
    "1 credit": "An email may come to name the credits otherwise than a page.",
    "{n} credits": "As above.",
    "Choose a new password": "The button of an email, and the title of the page behind it.",
    "Confirm your email address": "A page's title, and a step of the list for new users.",
}

_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_.]*)\}")
_VIEW_KEY = re.compile(r"\{\{#t\}\}\s*([a-z0-9_.]+)\s*\{\{/t\}\}")
_LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"')
_KEY = re.compile(r"(?<![\w.])[a-z_]+(?:\.[a-z0-9_]+)+(?![\w])")
_COMPOSED = re.compile(r"(?<![\w.])((?:[a-z0-9_]+\.)+)\{\{[^}]*\}\}((?:\.[a-z0-9_]+)*)")


def load(tree, path):
    """([(key, sentence)], fault or None)"""
    try:
        return json.loads(tree.text(path), object_pairs_hook=list), None
    except ValueError as error:
        return [], f"{path}: {error}"


def languages(tree):
    return sorted({path.rsplit("/", 1)[1][:-5] for path in tree.paths("src/*/text/*.json")})


def english(tree):
    """{key: path}"""
    return {key: path for path in tree.paths("src/*/text/en.json") for key, _ in load(tree, path)[0]}


def sources(tree):
    return tree.paths("src/*.cc", "src/*.h", "src/*/views/*", "src/*/data/*.json", "public/*.js", "db/*.sql", "tests/*.cc")


_EN = {"src/a/text/en.json": '{"a.x": "One {n}."}'}


@rule(
    "every sentence is there in every language, with the same placeholders",
    "Write the sentence in the other language's file of the same folder.",
    [
        {**_EN, "src/a/text/de.json": "{}"},
        {**_EN, "src/a/text/de.json": '{"a.x": "Eins {m}."}'},
        {**_EN, "src/a/text/de.json": '{"a.x": ""}'},
        {**_EN, "src/a/text/de.json": '{"a.x": "Eins {n}.", "a.y": "Zwei."}'},
        {**_EN, "src/a/text/de.json": '{"a.x": "Eins {n}.", "a.x": "Eine {n}."}'},
        {**_EN, "src/b/text/de.json": "{}", "src/b/text/en.json": "{}"},
    ],
    [{**_EN, "src/a/text/de.json": '{"a.x": "Eins {n}."}'}],
)
def every_language(tree):
    for folder in sorted({path.rsplit("/", 1)[0] for path in tree.paths("src/*/text/*.json")}):
        both = {}
        for language in languages(tree):
            path = f"{folder}/{language}.json"
            if not tree.exists(path):
                yield f"{path} is missing"
                continue
            pairs, fault = load(tree, path)
            if fault:
                yield fault
            both[language] = dict(pairs)
            for key in {key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1}:
                yield f"{path}: {key} is there twice"
        first = both.get("en", {})
        for language, sentences in both.items():
            path = f"{folder}/{language}.json"
            for key in first.keys() - sentences.keys():
                yield f"{path}: {key} is missing"
            for key, sentence in sentences.items():
                if key not in first:
                    yield f"{path}: {key} is not in en.json"
                elif not sentence.strip():
                    yield f"{path}: {key} is empty"
                elif set(_PLACEHOLDER.findall(sentence)) != set(_PLACEHOLDER.findall(first[key])):
                    yield f"{path}: {key} has other placeholders than in English"


@rule(
    "a text key begins with its module",
    "Rename the key, or move it to the module that it names.",
    [{"src/a/text/en.json": '{"b.x": "One."}'}],
)
def own_keys(tree):
    for path in tree.paths("src/*/text/en.json"):
        module = path.split("/")[1]
        for key, _ in load(tree, path)[0]:
            if not key.startswith(module + "."):
                yield f"{path}: {key}"


@rule(
    "every text key that is used exists",
    "Write the sentence in src/<module>/text/en.json and in the other languages.",
    [
        {**_EN, "src/a/views/v.html": "{{#t}}a.y{{/t}}"},
        {**_EN, "src/a/v.cc": 'html::text(locale, "a.y");'},
        {**_EN, "src/a/v.cc": 'throw core::Problem(404, "a.missing");'},
    ],
    [
        {
            "src/a/text/en.json": '{"a.x": "One.", "a.problem.gone": "Gone.", "a.n.one": "1", "a.n.other": "n"}',
            "src/a/views/v.html": "{{#t}}a.x{{/t}}",
            "src/a/v.cc": 'html::text(locale, "a.x"); Problem(404, "a.gone"); html::pluralize(locale, "a.n", n);',
        }
    ],
)
def known_keys(tree):
    known = english(tree)
    modules = {key.split(".")[0] for key in known}
    for path in tree.paths("src/*/views/*", "src/*.cc", "src/*.h"):
        text = tree.text(path) if "/views/" in path else tree.code(path)

        def line(found):
            return f"{path}:{text.count(chr(10), 0, found.start()) + 1}"

        if "/views/" in path:
            for found in _VIEW_KEY.finditer(text):
                if found.group(1) not in known:
                    yield f"{line(found)}: {found.group(1)}"
            continue
        for found in re.finditer(r'\btext\((?:[\w.>()-]+, *)"([a-z_]+\.[a-z0-9_.]*[a-z0-9_])"\s*[,)]', text):
            if found.group(1) not in known:
                yield f"{line(found)}: {found.group(1)}"
        for found in re.finditer(r'\bpluralize\([\w.>()-]+, *"([a-z_]+\.[a-z0-9_.]*[a-z0-9_])"', text):
            for form in ("one", "other"):
                if f"{found.group(1)}.{form}" not in known:
                    yield f"{line(found)}: {found.group(1)}.{form}"
        for found in re.finditer(r'\b(?:Problem|Refusal)[({]\s*\w+,\s*"([a-z_]+)\.([a-z0-9_.]*[a-z0-9_])"', text):
            key = f"{found.group(1)}.problem.{found.group(2)}"
            of_code = ".".join(key.split(".")[:3])  # stands in for a detail without a sentence of its own
            if key not in known and of_code not in known:
                yield f"{line(found)}: {key}"


@rule(
    "every text key is used",
    "Remove the sentence from every language.",
    [{**_EN, "src/a/v.cc": 'html::text(locale, "a.xy");'}],
    [
        {**_EN, "src/a/v.cc": 'html::text(locale, "a.x");'},
        {"src/a/text/en.json": '{"a.state.on": "On."}', "src/a/v.html": "", "src/a/views/v.html": "{{#t}}a.state.{{s}}{{/t}}"},
        {"src/a/text/en.json": '{"a.new.subject": "New."}', "src/a/v.cc": 'key = "a." + kind + "."; key + "subject"'},
        {"src/a/text/en.json": '{"a.problem.gone": "Gone."}', "src/a/v.cc": 'Problem(404, "a.gone")'},
        {"src/a/text/en.json": '{"a.error.gone": "Gone."}', "src/a/v.cc": 'co_return fail("GONE");'},
    ],
)
def used_keys(tree):
    known = english(tree)
    used = set()
    codes = {}  # {module: literals of its code}
    prefixes = []  # (beginning, possible ends)
    for path in sources(tree):
        text = tree.text(path)
        used.update(_KEY.findall(text))
        literals = _LITERAL.findall(text)
        if path.endswith((".cc", ".h")):
            codes.setdefault(path.split("/")[1], set()).update(literals)
        ends = [literal if literal.startswith(".") else "." + literal for literal in literals if literal]
        for literal in literals:
            for begin in re.findall(r"(?<![\w.])(?:[a-z0-9_]+\.)+$", literal):
                prefixes.append((begin, ends if begin.count(".") == 1 else [""]))
        for found in _COMPOSED.finditer(text):
            prefixes.append((found.group(1), [found.group(2)]))

    def is_used(key):
        module, _, rest = key.partition(".")
        kind, _, name = rest.partition(".")
        forms = {key}
        if kind in ("problem", "notice"):
            forms.add(f"{module}.{name}")
            if any(code.startswith(f"{module}.{name}.") for code in used):
                return True  # the code without its detail, as a redirect carries it
        if kind in ("problem", "error") and {name, name.upper()} & codes.get(module, set()):
            return True  # the module's name and the kind are added where the code is turned into a sentence
        if key.endswith((".one", ".other")):
            forms |= {form.rpartition(".")[0] for form in set(forms)}
        return bool(forms & used) or any(
            form.startswith(begin) and any(form.endswith(end) for end in ends) for form in forms for begin, ends in prefixes
        )

    for key, path in known.items():
        if not is_used(key):
            yield f"{path}: {key}"


@rule(
    "every problem of identity and oauth has GoTrue's sentence",
    "Write it in src/auth_api/gotrue_messages.cc, word for word as GoTrue has it; remove one that nothing throws.",
    [
        {
            "src/identity/a.cc": 'throw core::Problem(422, "identity.email_exists");',
            "src/auth_api/gotrue_messages.cc": "",
        },
        {
            "src/identity/a.cc": 'Problem(422, known ? "identity.gone" : "identity.gone.twice");',
            "src/auth_api/gotrue_messages.cc": '{"identity.problem.gone", "Gone"},',
        },
        {"src/auth_api/gotrue_messages.cc": '{"identity.problem.gone", "Gone"},'},
    ],
    [
        {
            "src/identity/a.cc": 'return {404, "identity.gone"}; log::info("identity.account.signed_in");',
            "src/auth_api/gotrue_messages.cc": '{"identity.problem.gone", "Gone"},',
        },
    ],
)
def gotrue_sentences(tree):
    table = "src/auth_api/gotrue_messages.cc"
    known = {f"{m}.{rest}" for m, rest in re.findall(r'"(identity|oauth)\.problem\.([a-z_.]+)"', tree.text(table))}
    thrown = {}
    for path in tree.paths("src/identity/*.cc", "src/oauth/*.cc", "src/auth_api/*.cc"):
        if path == table:
            continue
        for found in re.finditer(r"(?:\b[45]\d\d,|\bWeakPassword\(|\brefuse\()([^;]*)", tree.code(path)):
            for name in re.findall(r'"((?:identity|oauth)\.[a-z_]+(?:\.[a-z_]+)?)"', found.group(1)):
                thrown.setdefault(name, path)
    for name in sorted(thrown.keys() - known):
        yield f"{thrown[name]}: {name} has no sentence in {table}"
    for name in sorted(known - thrown.keys()):
        yield f"{table}: nothing throws {name}"


@rule(
    "no sentence stands under two keys",
    "Keep one key. If both may come to differ, name the sentence and the reason in SAME_ON_PURPOSE.",
    [
        {"src/a/text/en.json": '{"a.x": "Save the file now"}', "src/b/text/en.json": '{"b.y": "Save the file now"}'},
        {"src/a/text/en.json": '{"a.status.ready": "Ready"}', "src/b/text/en.json": '{"b.status.ready": "Ready"}'},
    ],
    [
        {"src/a/text/en.json": '{"a.cancel": "Cancel", "a.dialog.close": "Cancel"}'},
        {
            "src/a/text/en.json": '{"a.x": "Save the file now", "a.y": "Save the file now"}',
            "src/a/text/de.json": '{"a.x": "Datei jetzt sichern", "a.y": "Die Datei sichern"}',
        },
    ],
)
def one_home(tree):
    """Equal in every language. A label of up to three words may be repeated, unless its keys end alike."""
    sentences = {}
    for language in languages(tree):
        for path in tree.paths(f"src/*/text/{language}.json"):
            for key, sentence in load(tree, path)[0]:
                sentences.setdefault(key, {})[language] = sentence.strip()
    keys = {}
    for key, both in sentences.items():
        words = len(both.get("en", "").split())
        tail = "" if words > 3 else ".".join(key.split(".")[1:])
        keys.setdefault((tail, *sorted(both.items())), []).append(key)
    for (_, *both), places in keys.items():
        english_one = dict(both).get("en", "")
        if len(places) > 1 and english_one not in SAME_ON_PURPOSE:
            yield f"{english_one!r}: {', '.join(sorted(places))}"
