"""The losses: what is not known teaches nothing."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch

from scripts.training.examples import UNKNOWN, Example, collate
from scripts.training.tasks import TASKS, Answer, Grounding, Task

pytestmark = pytest.mark.train


def _labelled(*values: float) -> Example:
    return Example([1, 2], [0, 0], values)


def _loss(task: Task, logits: list[float], *values: float) -> float:
    outputs = SimpleNamespace(logits=torch.tensor([logits]))
    return float(task.loss(outputs, collate([_labelled(*values)])))


def test_open_labels_of_toxicity_do_not_count() -> None:
    known = _loss(TASKS["toxicity"], [1.0, 5.0, -5.0, 0.0, 2.0, 9.0], 1, *[UNKNOWN] * 5)

    assert known == pytest.approx(math.log(1 + math.exp(-1.0)))


def test_a_share_of_people_is_met_halfway() -> None:
    at_share = _loss(TASKS["toxicity"], [math.log(2.0)] + [0.0] * 5, 2 / 3, *[UNKNOWN] * 5)

    for other in (0.0, 2.0):
        assert _loss(TASKS["toxicity"], [other] + [0.0] * 5, 2 / 3, *[UNKNOWN] * 5) > at_share


def test_a_known_label_of_grounding_costs_its_log_share() -> None:
    assert _loss(Grounding(), [0.0, 0.0, 0.0], 1, UNKNOWN, UNKNOWN) == pytest.approx(math.log(3))


def test_a_label_that_is_ruled_out_leaves_the_others_open() -> None:
    task = Grounding()

    assert _loss(task, [0.0, 0.0, 0.0], 0, UNKNOWN, UNKNOWN) == pytest.approx(math.log(1.5))
    neutral = _loss(task, [-9.0, 9.0, -9.0], 0, UNKNOWN, UNKNOWN)
    contradicted = _loss(task, [-9.0, -9.0, 9.0], 0, UNKNOWN, UNKNOWN)
    assert neutral == pytest.approx(contradicted, abs=1e-5)
    assert neutral < 1e-5


def _answer_loss(start: list[float], starts: tuple[int, ...]) -> float:
    example = Example([5, 6, 7, 8], [0, 1, 1, 1], (), starts, starts)
    logits = torch.tensor([start])
    outputs = SimpleNamespace(start_logits=logits, end_logits=logits)
    return float(Answer().loss(outputs, collate([example])))


def test_an_answer_may_stand_at_any_of_its_places() -> None:
    assert _answer_loss([0.0] * 4, (2,)) == pytest.approx(math.log(4))
    assert _answer_loss([0.0] * 4, (1, 2)) == pytest.approx(math.log(2))
    assert _answer_loss([0.0, 9.0, -9.0, 0.0], (1, 2)) < 0.01


def test_the_question_is_no_place_for_an_answer() -> None:
    example = Example([5, 6, 7, 8], [0, 0, 1, 1], (), (2,), (2,))
    logits = torch.tensor([[0.0, 50.0, 9.0, 0.0]])
    outputs = SimpleNamespace(start_logits=logits, end_logits=logits)

    assert float(Answer().loss(outputs, collate([example]))) < 0.01


def test_every_task_has_the_name_of_its_sets() -> None:
    assert set(TASKS) == {"toxicity", "injection", "grounding", "answer"}
    assert all(task.name == name for name, task in TASKS.items())
