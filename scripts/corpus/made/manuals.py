"""Made-up manuals: pages of small statements, and questions of which a page answers some.

The public sets ask about encyclopedia and policies. Here pages speak as manuals of software do,
and what is beside the answer is as near as can be: the same verb with another thing, the same
thing with another verb, a heading, the question itself in an example.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.corpus.made import manual_words as words
from scripts.corpus.row import Row

PAGES = 1_500
ASKED_A_PAGE = 2
FEWEST, MOST = 3, 7


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, the exact answer in it, and questions it answers."""

    sentence: str
    answer: str
    questions: tuple[str, ...]
    subject: str
    """What it is about, as a heading would say it."""
    near: Callable[[random.Random], Statement]
    """Makes a statement that is easily taken for this one."""


def manuals(_folder: Path) -> Iterator[Row]:
    """Make pages with two questions each; about half of them are answered elsewhere."""
    for number in range(PAGES):
        chance = random.Random(f"manual-{number}")  # noqa: S311  the same page every time
        told = [_statement(chance) for _ in range(chance.randint(FEWEST, MOST))]
        for _ in range(ASKED_A_PAGE):
            chance.shuffle(told)
            yield _row(number, told, chance)


def _row(number: int, told: list[Statement], chance: random.Random) -> Row:
    asked = told[0]
    question = chance.choice(asked.questions)
    is_there = chance.random() < 0.55
    near = [asked.near(chance) for _ in range(chance.randint(0 if is_there else 1, 2))]
    others = [one for one in (*told[1:], *near) if one.subject != asked.subject]
    page = [*others, *([asked] if is_there else [])]
    chance.shuffle(page)
    lines = [one.sentence for one in page]
    if chance.random() < 0.4:
        lines.insert(chance.randint(0, len(lines)), _echo(asked, question, chance))
    text = chance.choice((" ", " ", "\n")).join(lines)
    spans: tuple[tuple[int, int], ...] = ()
    if is_there:
        start = text.index(asked.sentence) + asked.sentence.index(asked.answer)
        spans = ((start, start + len(asked.answer)),)
    return Row(group=f"manuals-{number}", text=question, pair=text or asked.subject, spans=spans)


def _statement(chance: random.Random) -> Statement:
    make = chance.choice(
        (_how, _how, _how, _where, _long, _event, _default, _who, _meaning, _needs)
    )
    return make(chance)


def _how(chance: random.Random, verb: str = "", thing: str = "") -> Statement:
    verb, thing = verb or chance.choice(words.VERBS), thing or chance.choice(words.THINGS)
    means = chance.choice(words.MEANS).format(chance.choice(words.NAMES), verb, thing.split()[-1])
    task = f"{verb} {thing}"
    sentence, answer = chance.choice(
        (
            (f"To {task}, {means}.", means),
            (f"If you want to {task}, {means}.", means),
            (f"{means[0].upper()}{means[1:]} to {task}.", f"{means[0].upper()}{means[1:]}"),
            (f"You can {task}: {means}.", means),
        )
    )
    other = chance.choice(words.SAME_VERBS.get(verb, (verb,)))
    bare = thing.removeprefix("a ").removeprefix("an ").removeprefix("the ")
    questions = (
        f"How do I {task}?", f"How can I {other} {thing}?", f"how to {verb} {bare}",
        f"What must I do to {task}?", f"How is {thing} {words.DONE.get(verb, verb + 'ed')}?",
    )  # fmt: skip
    return Statement(sentence, answer, questions, task, lambda c: _near(c, verb, thing))


def _near(chance: random.Random, verb: str, thing: str) -> Statement:
    """Say how to do the same with another thing, or something else with this one."""
    if chance.random() < 0.5:
        return _how(chance, verb=verb)
    unlike = [v for v in words.VERBS if v != verb]
    return _how(chance, verb=chance.choice(unlike), thing=thing)


def _where(chance: random.Random) -> Statement:
    thing = chance.choice(words.FILES)
    place = f"{chance.choice(words.FOLDERS)}/{chance.choice(words.NAMES)}"
    verb = chance.choice(("is kept in", "lies in", "is written to", "can be found in"))
    questions = (f"Where is {thing}?", f"Where do I find {thing}?", f"Which file holds {thing}?")
    return Statement(
        f"{thing[0].upper()}{thing[1:]} {verb} {place}.", place, questions, thing, _where
    )


def _long(chance: random.Random) -> Statement:
    thing = chance.choice(words.KEPT)
    time = (
        f"{chance.choice((2, 7, 14, 30, 60, 90, 365))} {chance.choice(('days', 'hours', 'weeks'))}"
    )
    sentence = chance.choice(
        (
            f"{thing[0].upper()}{thing[1:]} are kept for {time}.",
            f"After {time}, {thing} are deleted.",
        )
    )
    questions = (f"How long are {thing} kept?", f"When are {thing} deleted?")
    return Statement(sentence, time, questions, f"how long {thing} are kept", _long)


def _event(chance: random.Random) -> Statement:
    event, reaction = chance.choice(words.EVENTS), chance.choice(words.REACTIONS)
    sentence = chance.choice(
        (
            f"When {event}, {reaction}.",
            f"If {event}, {reaction}.",
            f"As soon as {event}, {reaction}.",
        )
    )
    questions = (f"What happens when {event}?", f"What happens if {event}?", f"What if {event}?")
    return Statement(sentence, reaction, questions, event, _event)


def _default(chance: random.Random) -> Statement:
    key, value = chance.choice(words.KEYS), str(chance.choice((1, 5, 10, 64, 500, 1000, 8080)))
    sentence = chance.choice((f"The default of {key} is {value}.", f"{key} is {value} by default."))
    questions = (f"What is the default of {key}?", f"What is {key} set to by default?")
    return Statement(sentence, value, questions, key, _default)


def _who(chance: random.Random) -> Statement:
    role, action = (
        chance.choice(words.ROLES),
        f"{chance.choice(words.VERBS)} {chance.choice(words.THINGS)}",
    )
    sentence = chance.choice(
        (
            f"Only the {role} may {action}.",
            f"The {role} may {action}.",
            f"{action[0].upper()}{action[1:]} is allowed to the {role}.",
        )
    )
    questions = (f"Who may {action}?", f"Who can {action}?", f"Which role is needed to {action}?")
    return Statement(sentence, role, questions, action, _who)


def _meaning(chance: random.Random) -> Statement:
    term, meaning = chance.choice(words.TERMS)
    article = "An" if term[0] in "aeio" else "A"
    questions = (
        f"What is {article.lower()} {term}?",
        f"What does {term} mean?",
        f"Explain {term}.",
    )
    return Statement(f"{article} {term} is {meaning}.", meaning, questions, term, _meaning)


def _needs(chance: random.Random) -> Statement:
    product, version = (
        chance.choice(words.PRODUCTS),
        f"{chance.randint(1, 17)}.{chance.randint(0, 12)}",
    )
    sentence = chance.choice(
        (f"It needs {product} {version} or newer.", f"{product} {version} or later is required.")
    )
    questions = (
        f"Which version of {product} do I need?", f"Which {product} versions are supported?",
        f"What {product} version is required?",
    )  # fmt: skip
    return Statement(sentence, f"{product} {version}", questions, product, _needs)


def _echo(asked: Statement, question: str, chance: random.Random) -> str:
    title = asked.subject[0].upper() + asked.subject[1:]
    return chance.choice(
        (
            f"## {title}\n",
            f"{title}.",
            f'{{"prompt": "{question}"}}',
            f'ask "{question}"',
            f"- [{title}](#{'-'.join(asked.subject.split())})\n",
            f"Usage: {asked.subject} [OPTIONS]",
        )
    )
