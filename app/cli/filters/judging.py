"""Let an instance judge labelled texts, several at once if wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import islice
from time import perf_counter

from app.chain.instance import Instance
from app.evaluation.judged import Judged, Scored, Sheet
from app.evaluation.labelled import Labelled, LabelledTexts
from app.trial import Tried, measure
from filters import Passage


async def judge(
    instance: Instance, texts: LabelledTexts, at_once: int, done: Callable[[], None]
) -> Judged:
    """Return the scores in the order of the texts, however many are in measurement at once.

    Args:
        instance: what judges.
        texts: read as they are needed.
        at_once: how many texts are in measurement at the same time; the time that one takes holds
            what it waits for the others, as in a server.
        done: called after each text.
    """
    sheet = Sheet(texts.count)
    rows = iter(enumerate(islice(texts, texts.count)))  # a file may have grown meanwhile
    started = perf_counter()
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(_work(instance, rows, sheet, done))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed  # the file changed while it was read
    return sheet.judged(at_once, perf_counter() - started)


async def _work(
    instance: Instance,
    rows: Iterator[tuple[int, Labelled]],
    sheet: Sheet,
    done: Callable[[], None],
) -> None:
    """Take one text after the other from those that all workers share."""
    for number, row in rows:
        sheet.put(number, await _score(instance, row))
        done()


async def _score(instance: Instance, row: Labelled) -> Scored:
    passages = tuple(
        Passage(str(number), text, f"passage {number}")
        for number, text in enumerate(row.passages, 1)
    )
    tried = Tried(instance.stage, row.text, row.question, passages, row.instructions)
    started = perf_counter()
    verdict = await measure(instance, tried)
    took_ms = (perf_counter() - started) * 1_000
    score, error = (verdict.score, verdict.error) if verdict else (0.0, None)
    return Scored(row.bad, row.group, score, took_ms, error)
