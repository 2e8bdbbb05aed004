"""Questions made from what plain sentences say: how do I …, what happens if …, what does … do?

    To add a filter, write one class.        How do I add a filter?
    If the disk is full, requests get 503.   What happens if the disk is full?
    The recorder appends to a segment.       What does the recorder do?

The sentence is the answer. It stands among its own neighbours, and beside what only looks like an
answer: a heading with the same words, or the question itself in an example.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from filters._text.sentences import sentences
from scripts.corpus.neighbours import Neighbours
from scripts.corpus.row import Row

LONGEST_SENTENCE = 320
_TASK = r"(?P<task>[a-z][a-z-]+ (?:[^,.;:()]){4,70}?)"
_PATTERNS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (
        re.compile(rf"(?:In order to|To) {_TASK}, \w.{{15,}}"),
        ("How do I {task}?", "How can I {task}?", "how to {task}", "What must I do to {task}?"),
    ),
    (
        re.compile(rf".{{10,}}(?:can|may|should|is|are) (?:be )?used to {_TASK}[.,;]?"),
        ("How do I {task}?", "What is used to {task}?", "how to {task}"),
    ),
    (
        re.compile(rf"(?:You (?:can|may|should)|Please) {_TASK}(?: by| with| at| in|,) .{{10,}}"),
        ("How do I {task}?", "How can I {task}?", "how to {task}"),
    ),
    (
        re.compile(r"(?P<when>If|When|Once|Unless) (?P<task>(?:[^,.;:()]){8,80}), .{15,}"),
        ("What happens {when} {task}?", "{when} {task}, what happens?"),
    ),
    (
        re.compile(
            r"(?P<task>(?:The|A|An) [a-z][\w-]+(?: [a-z][\w-]+)?) (?:adds|builds|calls|checks|"
            r"contains|controls|converts|creates|defines|describes|gives|generates|handles|holds|"
            r"implements|keeps|lists|makes|manages|protects|provides|reads|removes|represents|"
            r"returns|runs|says|sends|sets|shows|starts|stores|takes|tells|tests|uses|writes) .{20,}"
        ),
        ("What does {task} do?",),
    ),
    (
        re.compile(r"(?P<task>(?:The |A |An )?[\w-]+(?: [\w-]+)?) (?:is|are) (?:a|an|the) .{20,}"),
        ("What is {task}?", "Explain {task}."),
    ),
    (
        re.compile(r"(?P<task>The default (?:[a-z]+ ){0,3})(?:is|are) .{3,}"),
        ("What is {task}?",),
    ),
)
_VAGUE = re.compile(
    r"(?:this|these|those|that|it|they|there|he|she|we|who|which|what|both|each)\b"
    r"|.* (?:of|for|in|to|on|at|by|and|or|with|this|it|these)$",
    re.IGNORECASE,
)
"""Nobody knows what such a question asks about."""
_OTHER_WORDS = {
    "add": ("write", "create", "make"), "create": ("make", "add"), "remove": ("delete", "drop"),
    "delete": ("remove",), "start": ("run", "launch"), "run": ("start", "execute"),
    "change": ("edit", "modify"), "use": ("apply", "employ"), "get": ("fetch", "read"),
    "set": ("change", "choose"), "check": ("test", "verify"), "stop": ("end", "disable"),
    "send": ("submit",), "contact": ("reach", "write to"), "find": ("look up", "locate"),
}  # fmt: skip
_ECHOES = ("## {0}", "{0}.", '{{"prompt": "{1}"}}', "- [{0}](#{2})", 'ask "{1}"')
REPHRASE, ECHO, ELSEWHERE = 0.35, 0.35, 0.4
"""Shares of the questions that get another verb, an echo beside the answer, another passage."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the sentence that answers it."""

    question: str
    task: str
    sentence: str


def asked(kind: str, passages: Sequence[tuple[str, str]], seed: int = 11) -> Iterator[Row]:
    """Make rows from (group, passage) pairs, at most two a passage."""
    found = [
        (at, one)
        for at, (group, passage) in enumerate(passages)
        for one in _of(passage, random.Random(f"{seed}-{at}-{group}"))  # noqa: S311  no secret
    ]
    near = Neighbours([text for _, text in passages]).of([one.question for _, one in found], 5)
    for number, (at, one) in enumerate(found):
        chance = random.Random(f"{seed}-{number}-{one.question}")  # noqa: S311  no secret
        group, passage = passages[at]
        others = [passages[n][1] for n in near[number] if one.sentence not in passages[n][1]]
        if others and chance.random() < ELSEWHERE:
            text, start = _echoed(others[0], one, chance), -1
        else:
            text = _echoed(passage, one, chance)
            start = text.index(one.sentence)
        yield Row(
            group=f"{kind}-{group}",
            text=one.question,
            pair=text,
            spans=((start, start + len(one.sentence)),) if start >= 0 else (),
            loose=True,
        )


def _of(passage: str, chance: random.Random) -> list[Asked]:
    found = []
    for sentence in sentences(passage):
        if len(sentence) > LONGEST_SENTENCE or passage.count(sentence) != 1:
            continue
        for pattern, questions in _PATTERNS:
            match = pattern.fullmatch(sentence)
            if match and not _VAGUE.match(match["task"].strip()):
                found.append(_ask(match, questions, chance))
                break
    chance.shuffle(found)
    return found[:2]


def _ask(match: re.Match[str], questions: Sequence[str], chance: random.Random) -> Asked:
    parts = {name: value.strip() for name, value in match.groupdict().items()}
    task = parts["task"]
    first, _, rest = task.partition(" ")
    if first in ("The", "A", "An"):
        task = f"{first.lower()} {rest}"
    elif first in _OTHER_WORDS and chance.random() < REPHRASE:
        task = f"{chance.choice(_OTHER_WORDS[first])} {rest}"
    parts = {**parts, "task": task, "when": parts.get("when", "").lower()}
    question = chance.choice(questions).format(**parts)
    return Asked(question[0].upper() + question[1:], task, match[0])


def _echoed(passage: str, one: Asked, chance: random.Random) -> str:
    """Put what only looks like an answer before or behind a passage, now and then."""
    if chance.random() >= ECHO:
        return passage
    title = one.task[0].upper() + one.task[1:]
    echo = chance.choice(_ECHOES).format(title, one.question, "-".join(one.task.split()))
    return f"{echo}\n{passage}" if chance.random() < 0.7 else f"{passage}\n{echo}"
