"""The answerer: which weights to add its measurements up with, and when to say nothing.

The measurements are taken by the server's own code. A sentence's score is the log-odds that it
holds the answer (a logistic regression on validation rows); the least score to answer with is
where wrong answers and wrong silences together cost least.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.bundles import Bundle
from app.bundles.manifest import AnswerWeights, QuestionAnswering
from app.encoder import open_embedder
from app.encoder.encoder import opening
from app.engine.ranking import Candidate, candidates
from app.engine.reader import SpanReader
from app.engine.vectors import SentenceVectors
from scripts.evaluation.measures import known, share
from scripts.evaluation.questions import Question
from scripts.evaluation.serving import SETTINGS

FEATURES = ("reader", "cosine", "overlap", "rank", "novelty")
DECAY = 1e-3
OWN_WEIGHT = 10
CUTS = np.linspace(-8.0, 8.0, 321)


@dataclass(frozen=True, slots=True)
class Read:
    """A question with every sentence of its passages measured."""

    question: Question
    found: tuple[Candidate, ...]

    def best(self, model: QuestionAnswering) -> Candidate | None:
        """Return what the engine would answer with, were it sure enough."""
        weights = model.weights
        blind = weights.model_copy(update={"cosine": 0.0})
        chosen = sorted(self.found, key=lambda one: -one.score(blind))[: model.candidates]
        return max(chosen, key=lambda one: one.score(weights), default=None)

    def is_right(self, candidate: Candidate) -> bool:
        """Whether a candidate's sentence holds the answer."""
        support = candidate.support
        return self.question.holds_answer(support.passage, support.start, support.end)


def read_all(bundle: Bundle, encoder: Bundle, questions: Sequence[Question]) -> list[Read]:
    """Measure every sentence for every question, as the server does."""
    return asyncio.run(_read_all(bundle, encoder, questions))


async def _read_all(bundle: Bundle, encoder: Bundle, questions: Sequence[Question]) -> list[Read]:
    model = bundle.manifest.model
    if not isinstance(model, QuestionAnswering):
        raise TypeError(f"{bundle.reference} does not answer questions")
    embedder = open_embedder(encoder, SETTINGS)
    with opening(bundle, SETTINGS, None) as opened:
        reader, vectors = SpanReader(opened, model), SentenceVectors(embedder)
        found = [await _read(reader, vectors, question) for question in questions]
    await opened.close()
    await embedder.close()
    return found


async def _read(reader: SpanReader, vectors: SentenceVectors, question: Question) -> Read:
    readings = await reader.read(question.text, question.passages)
    found = candidates(question.text, question.passages, readings)
    cosines = await vectors.cosines(question.text, [one.text for one in found]) if found else []
    measured = [one.with_cosine(cosine) for one, cosine in zip(found, cosines, strict=True)]
    return Read(question, tuple(measured))


def fit(
    model: QuestionAnswering, reads: Sequence[Read], own: Sequence[Read] = ()
) -> QuestionAnswering:
    """Return the model with weights and least score learnt from questions it has not seen.

    Args:
        model: whose weights are replaced.
        reads: many questions of the public sets.
        own: a few about our own documentation; each counts as OWN_WEIGHT others.
    """
    rows = [
        ([getattr(one, name) for name in FEATURES], read.is_right(one))
        for read in (*reads, *list(own) * OWN_WEIGHT)
        for one in read.found
    ]
    values = np.array([row for row, _ in rows], np.float64)
    truths = np.array([truth for _, truth in rows], np.float64)
    *each, bias = _logistic(values, truths)
    named = {name: round(value, 4) for name, value in zip(FEATURES, each, strict=True)}
    weights = AnswerWeights(**named, bias=round(bias, 4))
    weighed = model.model_copy(update={"weights": weights})
    groups = [group for group in (reads, own) if group]
    return weighed.model_copy(update={"min_score": _least_score(weighed, groups)})


def measure(model: QuestionAnswering, reads: Sequence[Read]) -> dict[str, float]:
    """Return how often the answer is right, wrong, or missing where there is one."""
    measures = _measure(model, reads)
    for source in sorted({read.question.source for read in reads}):
        some = [read for read in reads if read.question.source == source]
        measures |= measure_one(model, some, source)
    return known(measures)


def measure_one(model: QuestionAnswering, reads: Sequence[Read], name: str) -> dict[str, float]:
    """Return the same rates for one slice, marked with its name."""
    return known({f"{rate}[{name}]": value for rate, value in _measure(model, reads).items()})


def _measure(model: QuestionAnswering, reads: Sequence[Read]) -> dict[str, float]:
    """Rates over questions.

    `right_sentence`: of the answerable ones, how often the best sentence holds the answer;
    `false_answer`: of those without an answer, how often there is one all the same;
    `false_abstain`: of the answerable ones, how often there is silence;
    `right_if_answered`: of all answers given, how many hold the answer.
    """
    best = [(read, read.best(model)) for read in reads]
    answered = [one is not None and one.score(model.weights) >= model.min_score for _, one in best]
    right = [one is not None and read.is_right(one) for read, one in best]
    asked = [read.question.is_answerable for read in reads]
    return {
        "right_sentence": share([r for r, a in zip(right, asked, strict=True) if a]),
        "false_answer": share([s for s, a in zip(answered, asked, strict=True) if not a]),
        "false_abstain": share([not s for s, a in zip(answered, asked, strict=True) if a]),
        "right_if_answered": share([r for r, s in zip(right, answered, strict=True) if s]),
    }


def _least_score(model: QuestionAnswering, groups: Sequence[Sequence[Read]]) -> float:
    """Return the score from which on to answer: where wrong answers and wrong silences cost least.

    Both count as shares, and every group of questions counts the same, however large it is.
    """
    costs = np.mean([_costs(model, group) for group in groups], axis=0)
    return round(float(CUTS[int(costs.argmin())]), 4)


def _costs(model: QuestionAnswering, reads: Sequence[Read]) -> NDArray[np.float64]:
    """Return for every cut the share of right answers lost and of wrong ones given, added up."""
    best = [(read, one) for read in reads if (one := read.best(model)) is not None]
    scores = np.array([one.score(model.weights) for _, one in best])
    rights = np.array([read.is_right(one) for read, one in best], bool)
    lost = [(scores[rights] < cut).mean() if rights.any() else 0.0 for cut in CUTS]
    wrong = [(scores[~rights] >= cut).mean() if (~rights).any() else 0.0 for cut in CUTS]
    return np.add(lost, wrong)


def _logistic(values: NDArray[np.float64], truths: NDArray[np.float64]) -> list[float]:
    """Return the weights and the bias of a logistic regression."""
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    x, y = torch.tensor((values - mean) / spread), torch.tensor(truths)
    weights = torch.zeros(values.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        logits = x @ weights[:-1] + weights[-1]
        value = torch.nn.functional.binary_cross_entropy_with_logits(logits, y)
        value = value + DECAY * weights[:-1].square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    found = weights.detach().numpy()
    each = found[:-1] / spread
    return [*map(float, each), float(found[-1] - (each * mean).sum())]
