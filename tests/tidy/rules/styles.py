"""Style sheets."""
import re

from rules import rule

_PHYSICAL = re.compile(
    r"(?<![\w-])(?:"
    r"(?:margin|padding|scroll-margin|scroll-padding)-(?:left|right)"
    r"|border-(?:left|right)(?:-\w+)?|border-(?:top|bottom)-(?:left|right)-radius"
    r"|left|right"
    r")\s*:"
    r"|(?<![\w-])(?:text-align|float|clear)\s*:\s*(?:left|right)(?![\w-])"
)
# margin: 1px 2px 3px 4px puts its second and fourth value to the right and left.
_FOUR = re.compile(r"(?<![\w-])(margin|padding|inset|border-width)\s*:\s*([^;{}]+)")
# Keywords that follow the page or the system (transparent, currentColor, CanvasText) are not literals, nor are the
# spaces that colours are mixed in.
_COLOUR = re.compile(
    r"#[0-9a-fA-F]{3,8}(?![\w-])"
    r"|(?<![\w-])(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|color)\("
    r"|(?<![\w-])(?:aqua|beige|black|blue|brown|coral|crimson|cyan|fuchsia|gold|gr[ae]y|green|indigo|ivory|khaki|lime|magenta"
    r"|maroon|navy|olive|orange|orchid|pink|plum|purple|red|salmon|sienna|silver|snow|tan|teal|tomato|violet|wheat|white"
    r"|yellow|(?:dark|light|medium|pale|deep|dim|rebecca)\w+)(?![\w-])",
    re.IGNORECASE,
)
_VALUE = re.compile(r":\s*([^;{}]+)[;}]")


def sheets(tree):
    """(path, style sheet with its comments blanked)"""
    for path in tree.paths("public/*.css"):
        yield path, re.sub(r"/\*.*?\*/", lambda found: re.sub(r"[^\n]", " ", found.group()), tree.text(path), flags=re.S)


@rule(
    "style sheets use logical properties, so that pages mirror from right to left",
    "Use margin-inline-start and the like in place of left and right.",
    [{"public/a.css": "a { margin-left: 1px }"}, {"public/a.css": "a { padding: 0 1px 0 2px; }"}],
    [{"public/a.css": "a { margin-inline-start: 1px; padding: 0 1px } /* left: */"}],
)
def logical(tree):
    for path, css in sheets(tree):
        for found in _PHYSICAL.finditer(css):
            yield f"{path}:{css.count(chr(10), 0, found.start()) + 1}: {found.group().strip()}"
        for found in _FOUR.finditer(css):
            values = re.sub(r"\([^()]*(?:\([^()]*\)[^()]*)*\)", "()", found.group(2)).replace("!important", "").split()
            if len(values) == 4 and values[1] != values[3]:
                yield f"{path}:{css.count(chr(10), 0, found.start()) + 1}: {found.group().strip()}"


@rule(
    "colours are named by their tokens outside of public/tokens.css",
    "Define the colour in public/tokens.css and use var(--…).",
    [{"public/a.css": "a { color: #fff; }"}, {"public/a.css": "a { color: red; }"}],
    [{"public/tokens.css": "a { --x: #fff; }", "public/a.css": "a { color: var(--red); }"}],
)
def colours(tree):
    for path, css in sheets(tree):
        if path.endswith("/tokens.css"):
            continue
        for value in _VALUE.finditer(css):
            for found in _COLOUR.finditer(re.sub(r'"[^"]*"', lambda text: " " * len(text.group()), value.group(1))):
                yield f"{path}:{css.count(chr(10), 0, value.start(1) + found.start()) + 1}: {found.group()}"
