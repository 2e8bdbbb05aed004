"""The process of one guard: it is told what to judge, and says how long each text took.

Python's standard library only, because guards of others have environments of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Protocol, TextIO

from scripts.benchmarks.peers.child import say, take_answers


class Guard(Protocol):
    """A guard that is open."""

    @property
    def cases(self) -> tuple[str, ...]:
        """What it can be asked for."""

    async def judge(self, case: str, text: str) -> bool:
        """Judge a text as the guard's users have it judged; return whether it may pass."""

    async def scanned(self, case: str, text: str) -> int:
        """Judge a text and return how many characters its rules or its model were given."""


async def in_pieces(text: str, size: int) -> AsyncIterator[str]:
    """Yield a text as a language model writes it."""
    for at in range(0, len(text), size):
        yield text[at : at + size]


def serve(open_guard: Callable[[dict[str, Any]], Guard]) -> None:
    """Open a guard and do what standard input says, a line of JSON each, until it ends.

    Answers go to standard output; what libraries print goes to standard error.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("rules", type=Path)
    rules = json.loads(parser.parse_args().rules.read_text(encoding="utf-8"))
    answers = take_answers()
    try:
        guard = open_guard(rules)
    except ImportError as error:
        say(answers, {"absent": f"{error.name} is not installed"})
        return
    say(answers, {"cases": guard.cases})
    asyncio.run(_answer_all(guard, rules, answers))


async def _answer_all(guard: Guard, rules: dict[str, Any], answers: TextIO) -> None:
    for line in sys.stdin:
        told = json.loads(line)
        try:
            say(answers, await _measure(guard, rules, told))
        except Exception as error:  # noqa: BLE001  whatever a guard raises is its result
            say(answers, {"error": f"{type(error).__name__}: {error}"[:500]})


async def _measure(guard: Guard, rules: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    case, texts = told["case"], rules["texts"][told["case"]]
    for text in texts[:2]:
        if not await guard.judge(case, text):
            raise RuntimeError("a harmless text was stopped")
    if await guard.judge(case, rules["bad"][case]):
        raise RuntimeError("a bad text passed")
    scanned = await guard.scanned(case, texts[0])
    times: list[float] = []
    began = time.perf_counter()
    ends_at = began + told["seconds"]

    async def ask_on(number: int) -> None:
        while (asked := time.perf_counter()) < ends_at:
            await asyncio.sleep(
                0
            )  # as requests come in: no guard shall be asked by one client only
            await guard.judge(case, texts[number % len(texts)])
            times.append(time.perf_counter() - asked)
            number += told["clients"]

    await asyncio.gather(*(ask_on(number) for number in range(told["clients"])))
    took_s = time.perf_counter() - began
    return {"times": times, "took_s": took_s, "ratio": scanned / len(texts[0])}
