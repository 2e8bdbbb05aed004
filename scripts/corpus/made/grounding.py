"""Grounding rows made from technical text, policies and encyclopedia passages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from scripts.corpus import docstrings
from scripts.corpus.made.claims import claims
from scripts.corpus.row import Row
from scripts.corpus.sets import RowSet, SetsByName
from scripts.corpus.treebank import untokenise

PASSAGE_CHARS = 800


def technical(_: Path) -> Iterator[Row]:
    """Make claims about the documentation of Python's library."""
    yield from claims("technical", technical_passages())


def technical_passages() -> list[tuple[str, str]]:
    """Return (module, passage) pairs: neighbouring paragraphs as one passage."""
    passages: list[tuple[str, str]] = []
    for module, found in groupby(docstrings.paragraphs(), key=lambda pair: pair[0]):
        passage = ""
        for _, text in found:
            if passage and len(passage) + len(text) > PASSAGE_CHARS:
                passages.append((module, passage))
                passage = ""
            passage = f"{passage} {text}".strip()
        passages.append((module, passage))
    return passages


def policies(folder: Path) -> Iterator[Row]:
    """Make claims about privacy policies."""
    yield from claims("policies", policy_passages(folder))


def policy_passages(folder: Path) -> list[tuple[str, str]]:
    """Return (title, passage) pairs of privacy policies."""
    passages: dict[str, str] = {}
    for name in ("dev.json", "test.json"):
        whole = json.loads((folder / name).read_text(encoding="utf-8"))
        for article in whole["data"]:
            for paragraph in article["paragraphs"]:
                passages.setdefault(paragraph["context"], article["title"])
    return [(title, text) for text, title in passages.items() if len(text) > 200]


def encyclopedia(folder: Path) -> Iterator[Row]:
    """Make claims about encyclopedia passages."""
    yield from claims("encyclopedia", encyclopedia_passages(folder))


def encyclopedia_passages(folder: Path) -> list[tuple[str, str]]:
    """Return (title, passage) pairs of encyclopedia articles."""
    passages: list[tuple[str, str]] = []
    for name in ("clapnq_dev_answerable.jsonl", "clapnq_dev_unanswerable.jsonl"):
        with (folder / name).open(encoding="utf-8") as file:
            for line in map(json.loads, file):
                passage = line["passages"][0]
                passages.append((passage["title"], untokenise(passage["text"])[:1_100]))
    return passages


SETS: SetsByName = {
    "technical_claims": RowSet("", docstrings.LICENCE, docstrings.SOURCE, technical),
    "policy_claims": RowSet(
        "policyqa", "MIT", "https://github.com/wasiahmad/PolicyQA", policies, most=5_000
    ),
    "encyclopedia_claims": RowSet(
        "clapnq_dev", "Apache-2.0", "https://github.com/primeqa/clapnq", encyclopedia
    ),
}
