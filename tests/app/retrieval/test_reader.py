import asyncio
import contextlib

import psutil
import pytest

from app.errors import SourceUnreadable
from app.retrieval.parse import Bounds
from app.retrieval.reader import Reader

# Parsing this takes minutes: each element asks for all those it stands in.
SLOW = b"<div>" * 400_000 + b"x"


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


async def test_reads_one_after_another_in_one_child() -> None:
    async with Reader() as reader:
        first = await reader.read(b"# T\n\nOne.", "a.md")
        child = children()[-1].pid
        second = await reader.read(b"Two \xe2\x82\xac", "b.txt")
        assert [c.pid for c in children()].count(child) == 1
    assert first.title == "T"
    assert [block.text for block in (*first.blocks, *second.blocks)] == ["One.", "Two €"]
    assert child not in [c.pid for c in children()]


async def test_a_file_that_hangs_costs_only_itself() -> None:
    async with Reader(Bounds(deadline_s=1.0)) as reader:
        with pytest.raises(SourceUnreadable, match="longer than 1 s"):
            await reader.read(SLOW, "slow.html")
    async with Reader() as reader:
        assert (await reader.read(b"fine", "a.txt")).blocks


async def test_a_file_that_needs_too_much_memory_costs_only_itself() -> None:
    async with Reader(Bounds(max_bytes=50_000_000, memory_bytes=150_000_000)) as reader:
        with pytest.raises(SourceUnreadable, match=r"memory|crashed"):
            await reader.read(b"a b\n" * 10_000_000, "big.txt")
        assert (await reader.read(b"fine", "a.txt")).blocks


async def test_a_killed_child_is_replaced() -> None:
    async with Reader() as reader:
        await reader.read(b"warm", "a.txt")
        reading = asyncio.ensure_future(reader.read(SLOW, "slow.html"))
        await asyncio.sleep(0)
        children()[-1].kill()
        with pytest.raises(SourceUnreadable, match="crashed"):
            await reading
        assert (await reader.read(b"fine", "a.txt")).blocks


async def test_a_cancelled_read_leaves_no_reply_behind() -> None:
    async with Reader() as reader:
        await reader.read(b"warm", "a.txt")
        reading = asyncio.ensure_future(reader.read(SLOW, "slow.html"))
        await asyncio.sleep(0)
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
        assert (await reader.read(b"fine", "a.txt")).blocks[0].text == "fine"


async def test_refusals_of_the_parser_come_through() -> None:
    async with Reader(Bounds(max_bytes=100)) as reader:
        with pytest.raises(SourceUnreadable, match="larger than 100 bytes"):
            await reader.read(b"a" * 101, "a.txt")
        with pytest.raises(SourceUnreadable, match="binary"):
            await reader.read(b"\0", "a.txt")
        with pytest.raises(SourceUnreadable, match="damaged"):
            await reader.read(b"%PDF-1.7", "a.pdf")
