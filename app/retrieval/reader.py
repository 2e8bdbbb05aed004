"""Read sources without trusting them: parsing happens in a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import app
from app.errors import SourceUnreadable
from app.retrieval.document import Block, Document, Kind
from app.retrieval.parse import Bounds

_IMPORT_ROOT = Path(app.__file__).parents[1]
_LENGTH_BYTES = 4
_CLOSE_S = 2.0


class Reader:
    """Parses one source at a time in a child process with bounded memory and time.

    A source that hangs, crashes or exhausts the child costs only itself: the next one gets a
    fresh child. The child is started with the first source that is read.
    """

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._child: Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def read(self, content: bytes, name: str) -> Document:
        """Parse a file's bytes; the name tells its format.

        Raises:
            SourceUnreadable: it is no text, too large, damaged, or took too long.
        """
        if len(content) > self._bounds.max_bytes:
            raise SourceUnreadable(f"larger than {self._bounds.max_bytes:,} bytes")
        try:
            async with asyncio.timeout(self._bounds.deadline_s):
                reply = await self._ask(content, name)
        except TimeoutError as error:
            await self._kill()
            limit = f"{self._bounds.deadline_s:g} s"
            raise SourceUnreadable(f"took longer than {limit} to read") from error
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            await self._kill()
            raise SourceUnreadable("crashed its parser") from error
        except BaseException:  # cancelled half-way: the child's next reply would be this one's
            await self._kill()
            raise
        return _document(reply)

    async def close(self) -> None:
        """End the child process."""
        if self._child and self._child.stdin:
            self._child.stdin.close()
            try:
                async with asyncio.timeout(_CLOSE_S):
                    await self._child.wait()
            except TimeoutError:
                await self._kill()
        self._child = None

    async def _ask(self, content: bytes, name: str) -> dict[str, Any]:
        if self._child is None:
            command = [sys.executable, "-m", "app.retrieval.worker"]
            self._child = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd=_IMPORT_ROOT
            )
        requests, replies = self._child.stdin, self._child.stdout
        if requests is None or replies is None:
            raise ConnectionError
        head = json.dumps({"name": name, "bounds": asdict(self._bounds)}).encode()
        for part in (head, content):
            requests.write(len(part).to_bytes(_LENGTH_BYTES) + part)
        await requests.drain()
        length = int.from_bytes(await replies.readexactly(_LENGTH_BYTES))
        reply: dict[str, Any] = json.loads(await replies.readexactly(length))
        return reply

    async def _kill(self) -> None:
        if self._child and self._child.returncode is None:
            self._child.kill()
        if self._child:
            await self._child.wait()
        self._child = None


def _document(reply: dict[str, Any]) -> Document:
    if "error" in reply:
        raise SourceUnreadable(reply["error"])
    found = reply["document"]
    blocks = (Block(Kind(b["kind"]), b["text"], tuple(b["path"])) for b in found["blocks"])
    return Document(found["title"], tuple(blocks))
