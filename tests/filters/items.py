"""Items for tests of filters."""

from __future__ import annotations

from app.chain.units import splitter
from filters import Context, Filter, Item, Range, Stage


def item(text: str, start: int = 0, stage: Stage = Stage.INPUT) -> Item:
    return Item(text, Context(stage, text), start)


async def found(judge: Filter, text: str) -> list[tuple[str, str]]:
    """Judge a text whole; return the label and the text of each range."""
    finding = await judge.check(item(text, stage=min(judge.stages)))
    return [(r.label, text[r.start : r.end]) for r in finding.ranges] if finding else []


async def judged(judge: Filter, text: str, stage: Stage | None = None) -> list[Range]:
    """Judge a text unit by unit as the chain does; return the ranges, counted in the whole text."""
    stage = stage or min(judge.stages)
    cutter = splitter(judge.unit, stage)
    ranges = []
    for piece in [*cutter.feed(text), *cutter.finish()]:
        finding = await judge.check(piece.item(Context(stage, text)))
        ranges += [
            Range(piece.start + r.start, piece.start + r.end, r.label, r.score, r.replacement)
            for r in (finding.ranges if finding else ())
        ]
    return ranges


def rewritten(text: str, ranges: list[Range]) -> str:
    """Return the text with its ranges replaced as the chain does, each character once."""
    out, at = "", 0
    for r in sorted(ranges, key=lambda r: (r.start, -r.end)):
        if at < r.end:
            label = f"[{r.label}]" if r.replacement is None else r.replacement
            out, at = out + text[at : max(at, r.start)] + label, r.end
    return out + text[at:]
