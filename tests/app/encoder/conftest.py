"""An encoder over a tiny graph, with bounds of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from app.bundles import load_bundle
from app.encoder.encoder import Encoder
from app.encoder.runner import EncoderRunner, batch_tokens
from app.runtime import Workers, open_graph
from tests.bundles import write_embedder
from tests.encoders import CPU, TEXTS, Make, NotedGraph
from tests.graphs import embedder


@pytest.fixture
def workers() -> Iterator[Workers]:
    opened = Workers(1)
    yield opened
    opened.close()


@pytest.fixture
def make(tmp_path: Path, workers: Workers) -> Make:
    """Return a function that opens an embedder with bounds of its own."""

    def opened(
        graph: Callable[[NDArray[np.float32]], onnx.ModelProto] = embedder, **bounds: int
    ) -> tuple[Encoder, NotedGraph]:
        write_embedder(tmp_path, texts=(*TEXTS, "zzz"), graph=graph)
        bundle = load_bundle(tmp_path, "encoder")
        encoder = Encoder(bundle, CPU, workers)
        noted = NotedGraph(open_graph(bundle, CPU)._session)
        usual = {"queue_size": 8, "batch_tokens": batch_tokens(noted, bundle.graph.operators)}
        encoder.runner = EncoderRunner(noted, workers, **{**usual, **bounds})
        return encoder, noted

    return opened
