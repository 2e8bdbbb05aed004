"""Toxicity: Detoxify's six labels from sets that asked people different questions."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from scripts.corpus.row import Row
from scripts.corpus.sets import RowSet, SetsByName

LABELS = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")
NONE_AT_ALL = dict.fromkeys(LABELS, 0.0)
DAVIDSON = {
    "0": {"toxicity": 1.0, "identity_attack": 1.0},
    "1": {"toxicity": 1.0, "obscene": 1.0, "severe_toxicity": 0.0, "threat": 0.0},
    "2": NONE_AT_ALL,
}
HATEMOJI = {
    "derogation": {"toxicity": 1.0, "identity_attack": 1.0, "insult": 1.0},
    "animosity": {"toxicity": 1.0, "identity_attack": 1.0},
    "dehumanizinglanguage": {"toxicity": 1.0, "identity_attack": 1.0, "insult": 1.0},
    "threateninglanguage": {"toxicity": 1.0, "identity_attack": 1.0, "threat": 1.0},
}
SPAN_LABELS = {
    "Insult": "insult",
    "Profane/Obscene": "obscene",
    "Identity based Attack": "identity_attack",
    "Threat": "threat",
}
RETWEET = re.compile(r"^[\s!\"']*RT\s+@\w+:?\s*")
MENTION = re.compile(r"@\w+")
TEMPLATE_LABELS = {"toxicity": 1.0, "insult": 1.0}


def davidson(folder: Path) -> Iterator[Row]:
    """Read tweets: hate, offensive words, or neither."""
    for at, line in enumerate(_lines(folder / "labeled_data.csv")):
        text = MENTION.sub("@user", RETWEET.sub("", line["tweet"]))
        yield _row(f"davidson-{at}", text, DAVIDSON[line["class"]])


def civil(folder: Path) -> Iterator[Row]:
    """Read comments whose toxic stretches people marked; a label's value is the share of them.

    The comments were chosen for being toxic: one that nobody marked says nothing sure.
    """
    marks: dict[str, set[str]] = defaultdict(set)
    for line in _lines(folder / "spans.csv"):
        marks[line["annotation"]].add(line["type"])
    people: Counter[str] = Counter()
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for line in _lines(folder / "annotations.csv"):
        comment, kinds = line["comment_id"], marks[line["annotation"]]
        people[comment] += 1
        found[comment].update(SPAN_LABELS[kind] for kind in kinds if kind in SPAN_LABELS)
        if kinds or line["all toxic"] == "True":
            found[comment]["toxicity"] += 1
    for line in _lines(folder / "comments.csv"):
        key = line["comment_id"]
        if people[key] < 2 or not found[key]["toxicity"]:
            continue
        shares = {label: found[key][label] / people[key] for label in LABELS}
        shares["toxicity"] = 1.0
        shares["severe_toxicity"] = severity(shares)
        yield _row(f"civil-{key}", line["comment_text"], shares)


def severity(shares: dict[str, float]) -> float:
    """Derive what nobody was asked: an attack on somebody that swears or threatens as well."""
    means = max(shares["obscene"], shares["threat"])
    target = max(shares["insult"], shares["identity_attack"])
    return float(means >= 0.5 and target >= 0.5)


def context(folder: Path) -> Iterator[Row]:
    """Read talk-page comments, nearly all harmless."""
    for name in ("gc.csv", "gn.csv"):
        for line in _lines(folder / name):
            toxic = float(line["label"])
            labels = {"toxicity": toxic} if toxic else NONE_AT_ALL
            page = line["id"].split(".")[0]
            yield _row(f"context-{page}", line["text"], labels)


def hatemoji(folder: Path) -> Iterator[Row]:
    """Read short posts with emoji and their minimally changed twins."""
    for name in ("train.csv", "validation.csv"):
        for line in _lines(folder / name):
            labels = HATEMOJI.get(line["type"], NONE_AT_ALL)
            first, other = sorted((line["entry_id"], line["matched_id"]))
            yield _row(f"hatemoji-{first}-{other}", line["text"], labels)


def surge(folder: Path) -> Iterator[Row]:
    """Read comments, half of them toxic."""
    for at, line in enumerate(_lines(folder / "toxicity_en.csv")):
        toxic = line["is_toxic"] == "Toxic"
        labels = {"toxicity": 1.0} if toxic else NONE_AT_ALL
        yield _row(f"surge-{at}", line["text"], labels)


def talk(folder: Path) -> Iterator[Row]:
    """Read talk-page comments, one in six toxic."""
    for line in _lines(folder / "toxicity_nonfuzzed_testset.csv"):
        labels = {"toxicity": 1.0} if line["toxic"] == "True" else NONE_AT_ALL
        yield _row(f"talk-{line['rev_id']}", line["comment"], labels)


def templates(folder: Path) -> Iterator[Row]:
    """Read sentences about people of every identity, as many kind as unkind of each."""
    for line in _lines(folder / "bias_madlibs_77k.csv"):
        unkind = line["Label"] == "BAD"
        # "hate <identity>" and "murder <identity>" attack the identity; "a dirty <identity>" too.
        labels = {**TEMPLATE_LABELS, "identity_attack": 1.0} if unkind else NONE_AT_ALL
        identity = line["Text"].split()[-1]
        group = f"templates-{line['Template']}-{identity}"
        yield _row(group, line["Text"], labels)


def _row(group: str, text: str, labels: dict[str, float]) -> Row:
    return Row(group=group, text=text, labels=labels)


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


SETS: SetsByName = {
    "davidson": RowSet(
        "davidson",
        "MIT",
        "https://github.com/t-davidson/hate-speech-and-offensive-language",
        davidson,
        most=14_000,
    ),
    "civil": RowSet(
        "toxic_spans_civil", "CC0-1.0", "https://github.com/ipavlopoulos/toxic_spans", civil
    ),
    "context": RowSet(
        "context_toxicity",
        "CC BY-SA 3.0",
        "https://github.com/ipavlopoulos/context_toxicity",
        context,
        most=12_000,
    ),
    "hatemoji": RowSet("hatemoji", "CC BY 4.0", "https://github.com/HannahKirk/Hatemoji", hatemoji),
    "surge": RowSet("surge", "MIT", "https://github.com/surge-ai/toxicity", surge),
    "talk": RowSet(
        "unintended_bias",
        "CC BY 4.0",
        "https://github.com/conversationai/unintended-ml-bias-analysis",
        talk,
    ),
    "templates": RowSet(
        "unintended_bias",
        "CC BY 4.0",
        "https://github.com/conversationai/unintended-ml-bias-analysis",
        templates,
        most=6_000,
    ),
}
