"""Step 1: every set is read with the labels it means."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from scripts import collect
from scripts.corpus.row import Row, read_rows, write_rows
from scripts.corpus.sets import answer, grounding, toxicity
from scripts.corpus.tasks import SETS

pytestmark = pytest.mark.train


def _csv(path: Path, *lines: dict[str, Any], delimiter: str = ",") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(lines)


def _jsonl(path: Path, *lines: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _told(row: Row) -> list[str]:
    return [(row.pair or "")[start:end] for start, end in row.spans]


def test_a_label_nobody_was_asked_for_stays_open(tmp_path: Path) -> None:
    _csv(
        tmp_path / "labeled_data.csv", *({"class": c, "tweet": f"RT @a: say @b {c}"} for c in "012")
    )

    hate, rude, fine = toxicity.davidson(tmp_path)

    assert hate.labels == {"toxicity": 1.0, "identity_attack": 1.0}
    assert "insult" not in rude.labels
    assert set(fine.labels) == set(toxicity.LABELS)
    assert hate.text == "say @user 0"


def test_marked_stretches_become_shares_of_people(tmp_path: Path) -> None:
    people = [
        {"annotation": n, "comment_id": 5, "all toxic": "False", "not toxic": "False"}
        for n in range(3)
    ]
    marks = [
        {"annotation": 0, "type": "Insult", "start": 0, "end": 3},
        {"annotation": 0, "type": "Threat", "start": 0, "end": 3},
        {"annotation": 1, "type": "Insult", "start": 0, "end": 3},
        {"annotation": 2, "type": "Other Toxicity", "start": 0, "end": 3},
    ]
    _csv(tmp_path / "annotations.csv", *people)
    _csv(tmp_path / "spans.csv", *marks)
    _csv(
        tmp_path / "comments.csv",
        {"comment_id": 5, "comment_text": "vile"},
        {"comment_id": 6, "comment_text": "nobody looked"},
    )

    [row] = toxicity.civil(tmp_path)

    assert row.text == "vile"
    assert row.labels["insult"] == pytest.approx(2 / 3)
    assert row.labels["threat"] == pytest.approx(1 / 3)
    assert row.labels["toxicity"] == 1.0
    assert row.labels["severe_toxicity"] == 0.0


def test_twins_of_the_emoji_set_share_a_group(tmp_path: Path) -> None:
    line = {"text": "t", "type": "none"}
    _csv(
        tmp_path / "train.csv",
        {"entry_id": 3, "matched_id": 2, **line},
        {"entry_id": 2, "matched_id": 3, **line, "type": "threateninglanguage"},
    )
    _csv(tmp_path / "validation.csv", {"entry_id": 9, "matched_id": 8, **line})

    one, twin, other = toxicity.hatemoji(tmp_path)

    assert one.group == twin.group != other.group
    assert twin.labels["threat"] == 1.0


def test_inference_labels_become_ours(tmp_path: Path) -> None:
    labels = ("entailment", "neutral", "contradiction")
    _csv(
        tmp_path / "dev.csv",
        *({"premise": "p", "hypothesis": f"h {n}", "label": n} for n in labels),
    )

    rows = list(grounding.three_way(tmp_path))

    assert [row.labels for row in rows] == [
        {"supported": 1.0},
        {"neutral": 1.0},
        {"contradicted": 1.0},
    ]
    assert {row.group for row in rows} == {"p"}


def test_what_is_not_fully_supported_only_rules_support_out(tmp_path: Path) -> None:
    lines = [
        {"knowledge": "k", "response": f"r {label}", "begin_label": label}
        for label in ("Fully attributable", "Not fully attributable", "Generic")
    ]
    for name in ("begin_dev_cmu.tsv", "begin_dev_wow.tsv"):
        _csv(tmp_path / name, *lines, delimiter="\t")

    rows = list(grounding.begin(tmp_path))

    assert [row.labels for row in rows] == [{"supported": 1.0}, {"supported": 0.0}] * 2


def test_cited_pages_are_cut_to_the_sentences_that_matter(tmp_path: Path) -> None:
    evidence = [f"Sentence {number}." for number in range(30)]
    line = {"claim": "c", "evidence": evidence, "supporting_sentences": [[10, 20]]}
    _jsonl(tmp_path / "dev.jsonl", {**line, "label": "supported"})

    [row] = grounding.wice(tmp_path)

    kept = ["9", "10", "11", "19", "20", "21"]
    assert row.text == " ".join(f"Sentence {number}." for number in kept)


def test_spans_point_at_the_answers(tmp_path: Path) -> None:
    context = "We keep your data for 90 days."
    asked = {
        "question": "How long?",
        "answers": [
            {"text": "90 days", "answer_start": 22},
            {"text": "for 90 days", "answer_start": 18},
        ],
    }
    whole = {"data": [{"title": "site", "paragraphs": [{"context": context, "qas": [asked]}]}]}
    for name in ("dev.json", "test.json"):
        (tmp_path / name).write_text(json.dumps(whole), encoding="utf-8")

    row, _ = answer.policies(tmp_path)

    assert _told(row) == ["for 90 days", "90 days"]
    assert not row.loose


def test_sentences_are_hidden_among_those_most_like_them(tmp_path: Path) -> None:
    count = 12
    answers = [f"The gate number {n} was built by mason {n} of the village." for n in range(count)]
    whole = {
        "questions": [f"Who built the gate number {n}?" for n in range(count)],
        "answers": answers,
    }
    (tmp_path / "train.json").write_text(json.dumps(whole), encoding="utf-8")

    rows = list(answer.sentences(tmp_path))

    with_answer = [at for at, row in enumerate(rows) if row.spans]
    assert len(with_answer) == count // 2
    for at, row in enumerate(rows):
        assert _told(row) == ([answers[at]] if at in with_answer else [])
        assert answers[at] in (row.pair or "") or at not in with_answer
        assert row.loose


def test_without_public_data_there_are_rows_for_every_task(tmp_path: Path) -> None:
    for task in SETS:
        collect.main([task, "--out", str(tmp_path / f"{task}.jsonl")])

        rows = list(read_rows(tmp_path / f"{task}.jsonl"))
        made = {name for name, found in SETS[task].items() if not found.folder}
        assert {row.source for row in rows} == made
        assert len(rows) > 1_000
        assert all(row.licence and row.group and row.text for row in rows)


def test_the_same_rows_are_made_every_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        collect.main(["answer", "--only", "manuals", "--out", str(tmp_path / name)])

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_reviewed_exchanges_come_along_with_their_origin(tmp_path: Path) -> None:
    reviewed = tmp_path / "reviewed.jsonl"
    write_rows(reviewed, [Row(group="session-1", text="You again?", labels={"toxicity": 0.0})])

    collect.main([
        "toxicity", "--only", "nothing", "--exchanges", str(reviewed), "--out", str(tmp_path / "out"),
    ])  # fmt: skip

    [row] = read_rows(tmp_path / "out")
    assert (row.source, row.licence, row.group) == ("reviewed", "own", "session-1")


def test_a_large_set_is_thinned_evenly_and_always_alike(tmp_path: Path) -> None:
    _csv(
        tmp_path / "unintended_bias" / "bias_madlibs_77k.csv",
        *(
            {"Text": f"Ann is a kind person {n}", "Label": "NOT_BAD", "Template": "t"}
            for n in range(9_000)
        ),
    )
    found = toxicity.SETS["templates"]

    rows = list(collect.of_set("templates", found, tmp_path))

    assert len(rows) == found.most
    assert rows == list(collect.of_set("templates", found, tmp_path))
    assert {row.source for row in rows} == {"templates"}
    assert max(int(row.text.split()[-1]) for row in rows) > 8_900
