"""The rules, in the order of their files. A rule is a generator over a tree that yields a line for each fault."""
import dataclasses
import importlib
import typing


@dataclasses.dataclass
class Rule:
    name: str  # a sentence that can turn out false
    advice: str  # what to do about a fault
    refuses: list  # example trees, each with a fault
    accepts: list
    check: typing.Callable


_rules = []


def rule(name, advice, refuses, accepts=()):
    def add(check):
        _rules.append(Rule(name, advice, list(refuses), list(accepts), check))
        return check

    return add


def all():
    if not _rules:
        for name in ("modules", "sizes", "texts", "styles", "citations", "words", "tests", "lists", "subjects"):
            importlib.import_module(f"rules.{name}")
    return _rules
