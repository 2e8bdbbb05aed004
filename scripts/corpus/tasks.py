"""Which sets each task reads."""

from __future__ import annotations

from scripts.corpus.made import answer as made_answer
from scripts.corpus.made import grounding as made_grounding
from scripts.corpus.made import injection as made_injection
from scripts.corpus.made import toxicity as made_toxicity
from scripts.corpus.sets import SetsByName, answer, grounding, injection, toxicity

SETS: dict[str, SetsByName] = {
    "toxicity": {**made_toxicity.SETS, **toxicity.SETS},
    "grounding": {**made_grounding.SETS, **grounding.SETS},
    "injection": {**made_injection.SETS, **injection.SETS},
    "answer": {**made_answer.SETS, **answer.SETS},
}
