"""Labelled texts are rows that the evaluation reads, the same ones each time, of both kinds."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from app.evaluation.labelled import Labelled, open_labelled
from filters import Context, Item, Stage
from filters.pii import Pii, PiiOptions
from filters.secrets import Secrets, SecretsOptions
from scripts.corpus.row import Row, write_rows
from scripts.labelled.__main__ import MADE, STAGED, main
from scripts.labelled.harmless import MAKERS, digits, hard
from scripts.labelled.pii import KINDS
from scripts.labelled.secrets import SECRETS

pytestmark = pytest.mark.train


@pytest.mark.slow
@pytest.mark.parametrize("name", MADE)
def test_made_texts_are_the_same_ones_each_time_and_of_both_kinds(
    name: str, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    for file in (first, second):
        main([name, "--out", str(file), "--most", "2"])

    assert first.read_bytes() == second.read_bytes()
    kinds = Counter(row.bad for row in read(first))
    assert min(kinds[True], kinds[False]) >= 2
    assert all(row.group for row in read(first))


@pytest.mark.parametrize("name", STAGED)
def test_held_out_rows_become_what_a_filter_is_given(name: str, tmp_path: Path) -> None:
    passage = "The gate is old. It was built in 1862 by masons. It holds."
    at = passage.index("1862")
    rows = [
        Row(source="s", group=str(n), text=text, pair=passage, spans=((at, at + 4),), labels=labels)
        for n, (text, labels) in enumerate(
            [
                ("When was it built?", {"toxicity": 1.0, "supported": 0.0}),
                ("Who built the gate?", {"toxicity": 0.0, "supported": 1.0}),
                ("What is unclear?", {"toxicity": 0.2, "supported": 0.5}),
            ]
        )
    ]
    write_rows(tmp_path / "test.jsonl", rows)
    out = tmp_path / "out.jsonl"
    main([name, "--staged", str(tmp_path), "--out", str(out), "--most", "9"])

    found = read(out)
    assert {row.bad for row in found} == {True, False}
    if name == "relevance":
        assert {row.text for row in found} == {"It was built in 1862 by masons."}
        assert all(row.question for row in found)
    if name == "grounding":
        assert {(row.bad, row.text, row.passages) for row in found} == {
            (True, passage, ("When was it built?",)),
            (False, passage, ("Who built the gate?",)),
        }
    if name == "toxicity":
        assert [row.bad for row in found] in ([True, False], [False, True])


def test_staged_rows_are_needed_where_there_are_no_others(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["toxicity", "--out", str(tmp_path / "x.jsonl")])


@pytest.mark.parametrize("kind", SECRETS)
async def test_the_secrets_are_some_that_the_filter_knows(kind: str) -> None:
    draw = random.Random(1)  # noqa: S311 (texts for a test)
    judge = Secrets(SecretsOptions())

    found = [await score(judge, SECRETS[kind](draw)) for _ in range(20)]
    assert sum(one >= 0.5 for one in found) >= 15


@pytest.mark.parametrize("kind", MAKERS)
async def test_what_only_looks_like_it_is_no_secret_and_mostly_nobodys(kind: str) -> None:
    draw = random.Random(1)  # noqa: S311 (texts for a test)
    texts = [text for one, text in hard(20, draw) if one == kind]

    assert [await score(Secrets(SecretsOptions()), text) >= 0.5 for text in texts] == [False] * 20
    assert sum([await score(Pii(PiiOptions()), text) >= 0.5 for text in texts]) <= 3


def test_every_kind_of_personal_data_is_made_of_digits_or_letters(tmp_path: Path) -> None:
    out = tmp_path / "pii.jsonl"
    main(["pii", "--out", str(out), "--most", "1"])
    groups = {row.group for row in read(out) if row.bad}

    assert groups == set(KINDS)
    assert len(digits(random.Random(1), 12)) == 12  # noqa: S311 (texts for a test)
    assert all(json.loads(line)["text"] for line in out.read_text().splitlines())


async def score(judge: Secrets | Pii, text: str) -> float:
    finding = await judge.check(Item(text, Context(Stage.INPUT, text)))
    return finding.score if finding else 0.0


def read(file: Path) -> list[Labelled]:
    with open_labelled(file) as texts:
        return list(texts)
