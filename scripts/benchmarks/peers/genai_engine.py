"""`Engine` of onnxruntime-genai: requests come and go; on a CPU four run at once."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from scripts.benchmarks.peers.child import Asked, Clock, serve
from scripts.benchmarks.peers.genai_model import open_model

EVENTS = 64


class Turns:
    """A model of onnxruntime-genai behind its own scheduler."""

    def __init__(self, options: argparse.Namespace) -> None:
        import onnxruntime_genai as genai

        self._model: Any = open_model(options)
        self._engine: Any = genai.Engine(self._model)
        self._events: Any = self._engine.create_event_buffer(EVENTS)

    def write(self, asked: Sequence[Asked], new_tokens: int, clock: Clock) -> None:
        """See Writer."""
        import numpy as np

        requests = [self._engine.create_request() for _ in asked]
        for request, one in zip(requests, asked, strict=True):
            request.begin_turn(
                np.array(one.tokens, dtype=np.int32), self._turn(request, new_tokens)
            )
        while self._engine.has_pending_requests():
            for event in self._engine.run(self._events):
                self._note(event, requests, clock)
        for request in requests:
            request.close()

    def _turn(self, request: Any, new_tokens: int) -> Any:
        import onnxruntime_genai as genai

        turn = genai.TurnOptions(request)
        turn.set_do_sample(False)
        turn.set_max_generated_tokens(new_tokens)
        turn.set_min_generated_tokens(new_tokens)
        return turn

    def _note(self, event: Any, requests: list[Any], clock: Clock) -> None:
        import onnxruntime_genai as genai

        flags = genai.EngineEventFlags
        if event.flags & flags.FAILED:
            raise RuntimeError(f"a request failed: {event.error_code}")
        if event.flags & flags.TOKEN:
            clock.note(requests.index(event.request))


if __name__ == "__main__":
    serve(Turns)
