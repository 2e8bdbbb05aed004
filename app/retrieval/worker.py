"""The process that parses sources: started by the reader, and killed when a source is hostile.

It answers frames on its standard input with frames on its standard output. A request is a
JSON head and the file's bytes; a reply is the document or an error, as JSON. Each part is
its length in four bytes, then itself.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import struct
import sys
from dataclasses import asdict
from typing import Any, BinaryIO

from app.errors import SourceUnreadable
from app.retrieval.parse import Bounds, parse

LENGTH = struct.Struct("!I")


def main() -> None:
    """Serve until the standard input ends."""
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a parser that prints must not write into the replies
    logging.disable(logging.CRITICAL)
    while (head := _read_part(requests)) is not None:
        content = _read_part(requests)
        if content is None:
            return
        reply = json.dumps(_answer(json.loads(head), content)).encode()
        replies.write(LENGTH.pack(len(reply)) + reply)
        replies.flush()


def _read_part(stream: BinaryIO) -> bytes | None:
    length = stream.read(LENGTH.size)
    if len(length) < LENGTH.size:
        return None
    return stream.read(LENGTH.unpack(length)[0])


def _answer(head: dict[str, Any], content: bytes) -> dict[str, Any]:
    bounds = Bounds(**head["bounds"])
    resource.setrlimit(resource.RLIMIT_AS, (bounds.memory_bytes, bounds.memory_bytes))
    # Ends this process even if the reader that should do so is gone.
    signal.setitimer(signal.ITIMER_REAL, bounds.deadline_s + 1)
    try:
        return {"document": asdict(parse(content, head["name"], bounds))}
    except SourceUnreadable as error:
        return {"error": error.message}
    except (MemoryError, RecursionError) as error:
        return {"error": f"needs too much memory to be read ({type(error).__name__})"}
    except Exception as error:  # noqa: BLE001 - a parser's bug must not end the whole run
        return {"error": f"is damaged ({type(error).__name__})"}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main()
