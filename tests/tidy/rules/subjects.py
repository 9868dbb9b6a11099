"""Subjects of commits since this file came."""
import re

from rules import rule


@rule(
    "a commit's subject is `area: what the product now does`, in 72 columns, one idea",
    "Reword it before it is pushed; the why belongs in the body.",
    [
        {"(commits)": "abc1234 billing: " + "x" * 64},
        {"(commits)": "abc1234 Fix things"},
        {"(commits)": "abc1234 billing: one thing; mail: another"},
    ],
    [{"(commits)": "abc1234 billing, mail: refuse a webhook older than five minutes\n"}],
)
def subjects(tree):
    for line in tree.subjects():
        subject = line.partition(" ")[2]
        if len(subject) > 72 or not re.match(r"[a-z0-9_./, -]+: ", subject) or ";" in subject:
            yield f"{line} ({len(subject)} columns)"
