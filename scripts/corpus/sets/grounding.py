"""Grounding: does the passage (`text`) support, contradict or not mention the claim (`pair`)?"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.corpus.row import Row
from scripts.corpus.sets import RowSet, SetsByName
from scripts.corpus.treebank import untokenise

LABELS = ("supported", "neutral", "contradicted")
THREE_WAY = {
    "entailment": {"supported": 1.0},
    "neutral": {"neutral": 1.0},
    "contradiction": {"contradicted": 1.0},
}
UNSUPPORTED = {"supported": 0.0}
"""The set does not say whether the rest is neutral or contradicted."""
FEVER = {
    "SUPPORTS": {"supported": 1.0},
    "REFUTES": {"contradicted": 1.0},
    "NOT ENOUGH INFO": {"neutral": 1.0},
}
BEGIN = {"Fully attributable": {"supported": 1.0}, "Not fully attributable": UNSUPPORTED}
WICE = {"supported": {"supported": 1.0}, "not_supported": UNSUPPORTED}
WICE_NEIGHBOURS = 1
PASSAGE_CHARS = 1_100


def three_way(folder: Path) -> Iterator[Row]:
    """Read premise, hypothesis and one of three labels."""
    for line in _csv_lines(folder / "dev.csv"):
        premise, claim = line["premise"].strip(), line["hypothesis"].strip()
        yield _row(premise, premise, claim, THREE_WAY[line["label"]])


def fever(folder: Path) -> Iterator[Row]:
    """Read claims about encyclopedia sentences."""
    for line in _json_lines(folder / "validation.jsonl"):
        passage = untokenise(" ".join(line["evidence"]))[:PASSAGE_CHARS]
        yield _row(line["claim"], passage, line["claim"], FEVER[line["label"]])


def fever_symmetric(folder: Path) -> Iterator[Row]:
    """Read claims whose label cannot be guessed without the passage."""
    for line in _json_lines(folder / "fever_symmetric_dev.jsonl"):
        passage, claim = untokenise(line["evidence"]), untokenise(line["claim"])
        yield _row(str(line["id"]), passage, claim, FEVER[line["gold_label"]])


def begin(folder: Path) -> Iterator[Row]:
    """Read what dialogue models said about a piece of knowledge."""
    for name in ("begin_dev_cmu.tsv", "begin_dev_wow.tsv"):
        for line in _csv_lines(folder / name, delimiter="\t"):
            labels = BEGIN.get(line["begin_label"])
            if labels is not None:
                passage = untokenise(line["knowledge"])[:PASSAGE_CHARS]
                yield _row(passage, passage, untokenise(line["response"]), labels)


def wice(folder: Path) -> Iterator[Row]:
    """Read encyclopedia sentences and the web pages they cite; partly supported is not supported."""
    for line in _json_lines(folder / "dev.jsonl"):
        passage = _around(line["evidence"], line["supporting_sentences"])
        labels = WICE.get(line["label"], UNSUPPORTED)
        yield _row(line["claim"], passage[:PASSAGE_CHARS], line["claim"], labels)


def _around(evidence: list[str], groups: list[list[int]]) -> str:
    """Return the sentences that matter, with the ones beside them."""
    wanted = set(groups[0]) if groups else set(range(8))
    near = {at + shift for at in wanted for shift in range(-WICE_NEIGHBOURS, WICE_NEIGHBOURS + 1)}
    return " ".join(evidence[at] for at in sorted(near) if 0 <= at < len(evidence))


def _row(group: str, passage: str, claim: str, labels: dict[str, float]) -> Row:
    return Row(group=group, text=passage, pair=claim, labels=labels)


def _csv_lines(path: Path, delimiter: str = ",") -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter=delimiter)


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


SETS: SetsByName = {
    "mnli": RowSet(
        "nli_mnli", "OANC and CC BY 3.0/SA 3.0", "https://cims.nyu.edu/~sbowman/multinli", three_way
    ),
    "snli": RowSet(
        "nli_snli",
        "CC BY-SA 4.0",
        "https://nlp.stanford.edu/projects/snli",
        three_way,
        most=6_000,
    ),
    "fever": RowSet("fever_small", "CC BY-SA 3.0", "https://fever.ai", fever),
    "fever_symmetric": RowSet(
        "fever_symmetric",
        "CC BY-SA 3.0",
        "https://github.com/TalSchuster/FeverSymmetric",
        fever_symmetric,
    ),
    "begin": RowSet("begin", "CC BY 4.0", "https://github.com/google/BEGIN-dataset", begin),
    "wice": RowSet("wice", "CC BY-SA 4.0", "https://github.com/ryokamoi/wice", wice),
}
