"""What is found and what is a false alarm, by set."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.corpus.row import Row
from scripts.evaluation.injection import OWN_DOCS, documentation, measure

pytestmark = pytest.mark.train


def row(source: str, truth: float, group: str = "g") -> Row:
    return Row(source=source, group=group, text="t", labels={"injection": truth})


def test_each_set_has_its_share() -> None:
    rows = [
        row("mails", 1.0),
        row("mails", 0.0),
        row("turns", 0.0),
        row("contrasts", 1.0, "made-leak-3"),
    ]
    scores = np.array([[0.95], [0.6], [0.1], [0.7]], np.float32)

    assert measure(rows, scores) == {
        "auc": 1.0,
        "flagged.found": 1.0,
        "flagged.false_alarms": 0.5,
        "blocked.found": 0.5,
        "blocked.false_alarms": 0.0,
        "flagged.found[contrasts]": 1.0,
        "blocked.found[contrasts]": 0.0,
        "flagged.found[mails]": 1.0,
        "blocked.found[mails]": 1.0,
        "flagged.false_alarms[mails]": 1.0,
        "blocked.false_alarms[mails]": 0.0,
        "flagged.false_alarms[turns]": 0.0,
        "blocked.false_alarms[turns]": 0.0,
    }


def test_our_own_documentation_is_harmless_text_of_its_own_kind() -> None:
    rows = documentation()

    assert any("A filter only measures." in row.text for row in rows)
    assert {(row.source, row.labels["injection"]) for row in rows} == {(OWN_DOCS, 0.0)}
