"""A child of the benchmark that is no engine: it writes at once, and fails where it is told to."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from scripts.benchmarks.peers.child import Asked, Clock, serve

PREPARING_S = 0.2


class Counting:
    """Says that there is a token, again and again. The model's name says what goes wrong."""

    def __init__(self, options: argparse.Namespace) -> None:
        sys.stdout.write("libraries print whatever they like\n")
        if options.model.name == "missing":
            raise ModuleNotFoundError(name="some_engine")
        if options.model.name == "broken":
            raise RuntimeError("this file is no model")

    def write(self, asked: Sequence[Asked], new_tokens: int, clock: Clock) -> None:
        """See Writer."""
        sys.stdout.write("even now\n")
        if asked[0].text == "fail":
            raise RuntimeError("there is no room")
        if asked[0].text == "hang":
            time.sleep(60)
        time.sleep(PREPARING_S)
        clock.begin()
        for _ in range(new_tokens):
            clock.note_all()


if __name__ == "__main__":
    serve(Counting)
