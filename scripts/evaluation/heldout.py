"""Measures a bundle on held-out rows, whatever its task."""

from __future__ import annotations

from collections.abc import Sequence

from app.bundles import Bundle
from app.bundles.manifest import QuestionAnswering, TextClassification
from scripts.corpus.row import Row
from scripts.corpus.sets.injection import LABELS as INJECTION
from scripts.evaluation import answers, grounding, injection, own_docs, toxicity
from scripts.evaluation.questions import questions_of
from scripts.evaluation.serving import scores_of


class NotMeasured(Exception):
    """There are no measures for this kind of bundle."""


def measure(bundle: Bundle, rows: Sequence[Row], encoder: Bundle | None) -> dict[str, float]:
    """Return the measures by name.

    Args:
        bundle: what is measured.
        rows: what it was not trained on.
        encoder: for a bundle that answers questions, the one that embeds.

    Raises:
        NotMeasured: there are no measures for this bundle's task, or the encoder is missing.
    """
    match bundle.manifest.model:
        case TextClassification(pair=True, labels=labels):
            return grounding.measure(rows, scores_of(bundle, rows), labels)
        case TextClassification(labels=labels) if labels == INJECTION:
            rows = [*rows, *injection.documentation()]
            return injection.measure(rows, scores_of(bundle, rows))
        case TextClassification(labels=labels):
            return toxicity.measure(rows, scores_of(bundle, rows), labels)
        case QuestionAnswering() as model if encoder is not None:
            reads = answers.read_all(bundle, encoder, questions_of(rows, encoder))
            asked = own_docs.measuring(own_docs.own_questions(encoder))
            own = answers.read_all(bundle, encoder, asked)
            return {**answers.measure(model, reads), **answers.measure_one(model, own, "own_docs")}
        case _:
            raise NotMeasured(f"there are no measures for {bundle.reference}")
