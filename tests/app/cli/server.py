"""A small HTTP server that gives one prepared answer and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Prepared:
    """What the server says, and what it heard."""

    status: int = 200
    body: bytes = b""
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextmanager
def serving(prepared: Prepared) -> Generator[Prepared]:
    """Serve on a free port of this machine until the end of the block."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            prepared.asked.append(json.loads(self.rfile.read(length) or "{}"))
            prepared.paths.append(self.path)
            prepared.keys.append(self.headers["authorization"])
            self.send_response(prepared.status)
            self.end_headers()
            self.wfile.write(prepared.body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        prepared.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield prepared
        finally:
            server.shutdown()
            thread.join()
