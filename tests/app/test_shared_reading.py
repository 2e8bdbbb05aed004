"""Filters that look at the same text with the same model share one run of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from app.bundles import load_bundle
from app.chain.instance import Instance
from app.encoder import TextClassifier, open_classifier
from app.settings import ChainEntry
from filters import Resources
from filters.classifier import Classifier, ClassifierOptions
from filters.toxicity import Toxicity, ToxicityOptions
from tests.app.pipelines import Setup, asked
from tests.bundles import write_classifier
from tests.encoders import CPU, NotedGraph


class OneClassifier:
    """Resources with one classifier for every name."""

    def __init__(self, classifier: TextClassifier) -> None:
        self.opened = classifier

    async def classifier(self, bundle: str, activation: str | None = None) -> TextClassifier:
        return self.opened


@pytest.fixture
async def resources(tmp_path: Path) -> AsyncGenerator[OneClassifier]:
    write_classifier(tmp_path, {"toxicity": ["evil"], "insult": ["idiot"]})
    opened = open_classifier(load_bundle(tmp_path, "toxicity"), CPU)
    yield OneClassifier(opened)
    await opened.close()


@pytest.fixture
def graph(resources: OneClassifier) -> NotedGraph:
    runner = resources.opened._encoder.runner
    noted = NotedGraph(runner._graph._session)
    runner._graph = noted
    return noted


def placed(judge: Toxicity | Classifier, name: str, mode: str = "enforce") -> Instance:
    fields = {"filter": "any", "stage": "input", "action": "flag", "threshold": 0.5}
    entry = ChainEntry.model_validate({"id": name, "mode": mode, **fields})
    return Instance(entry, judge)


async def chain(resources: Resources) -> list[Instance]:
    instances = [
        placed(Toxicity(ToxicityOptions()), "all"),
        placed(Toxicity(ToxicityOptions(labels=("insult",))), "insults"),
        placed(Toxicity(ToxicityOptions(labels=("toxicity",))), "trial", "shadow"),
        placed(
            Classifier(ClassifierOptions(model="toxicity", labels={"insult": "insult"})),
            "generic",
        ),
    ]
    for instance in instances:
        await instance.filter.setup(resources)
    return instances


async def test_four_instances_read_a_prompt_once(
    resources: OneClassifier, graph: NotedGraph
) -> None:
    setup = Setup("Fine.", chain=await chain(resources))  # type: ignore[arg-type]
    exchange = asked("You idiot.")

    await setup.pipeline.run(exchange)

    assert [verdict.id for verdict in exchange.verdicts if verdict.score > 0.5] == [
        "all",
        "insults",
        "generic",
    ]
    assert len(exchange.verdicts) == 4
    assert sum(map(len, graph.runs)) == 1


async def test_the_next_request_reads_for_itself(
    resources: OneClassifier, graph: NotedGraph
) -> None:
    setup = Setup("Fine.", chain=await chain(resources))  # type: ignore[arg-type]

    await setup.pipeline.run(asked("You idiot."))
    await setup.pipeline.run(asked("You idiot."))

    assert sum(map(len, graph.runs)) == 2
