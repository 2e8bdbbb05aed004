"""A small hub on this machine: it serves folders as Hugging Face's hub serves repositories."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE_BYTES = 4_096
"""From this size on a file is listed with its sha256 and served from another host."""


@dataclass
class Shelf:
    """A repository."""

    folder: Path
    revisions: tuple[str, ...] = ("main",)
    licence: str | None = "apache-2.0"
    token: str | None = None
    """Who has it may read."""
    is_gated: bool = False

    @property
    def sha(self) -> str:
        return hashlib.sha1(self.folder.as_posix().encode(), usedforsecurity=False).hexdigest()


@dataclass
class LocalHub:
    """What the hub has, what goes wrong with it, and what it was asked."""

    url: str = ""
    shelves: dict[str, Shelf] = field(default_factory=dict)
    cuts: dict[str, list[int]] = field(default_factory=dict)
    """By file name: after how many bytes each answer breaks off, until there are no more."""
    forged: dict[str, bytes] = field(default_factory=dict)
    """By file name: other content than what is listed."""
    ignores_ranges: bool = False
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    """Path, Range and Authorization of every request for a file's content."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub: LocalHub) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.hub = hub
        hub.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up: a file that is too long makes them."""


class _Answering(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            self._list(*found.groups())
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolve(*found.groups())
        elif found := re.fullmatch(r"/cdn/([^/]+/[^/]+)/(.+)", path):
            self._send_file(*found.groups())
        else:
            self._refuse(404, "EntryNotFound")

    def _shelf(self, name: str) -> Shelf | None:
        """Return the repository, if it is there and open to who asks."""
        shelf = self.server.hub.shelves.get(name)
        allowed = shelf and shelf.token in (None, self._token())
        if shelf and allowed:
            return shelf
        if shelf and shelf.is_gated:
            self._refuse(403 if self._token() else 401, "GatedRepo")
        else:
            self._refuse(404 if self._token() else 401, "RepoNotFound")
        return None

    def _token(self) -> str | None:
        return (self.headers["authorization"] or "").removeprefix("Bearer ") or None

    def _list(self, name: str, revision: str | None) -> None:
        shelf = self._shelf(name)
        if shelf is None:
            return
        if revision not in (None, shelf.sha, *shelf.revisions):
            self._refuse(404, "RevisionNotFound")
            return
        card = {"license": shelf.licence} if shelf.licence else {}
        body = {"id": name, "sha": shelf.sha, "cardData": card, "siblings": _siblings(shelf)}
        self._send(200, json.dumps(body).encode(), {"content-type": "application/json"})

    def _resolve(self, name: str, revision: str, path: str) -> None:
        shelf = self._shelf(name)
        if shelf is None:
            return
        if revision != shelf.sha or not (shelf.folder / path).is_file():
            self._refuse(404, "EntryNotFound")
        elif (shelf.folder / path).stat().st_size >= LARGE_BYTES:
            # Another host, which must not learn the token.
            there = self.server.hub.url.replace("127.0.0.1", "localhost")
            self._send(302, b"", {"location": f"{there}/cdn/{name}/{path}"})
        else:
            self._send_file(name, path)

    def _send_file(self, name: str, path: str) -> None:
        asked = self.headers["range"]
        self.server.hub.asked.append((path, asked, self.headers["authorization"]))
        base = path.rpartition("/")[2]
        content = self.server.hub.forged.get(
            base, (self.server.hub.shelves[name].folder / path).read_bytes()
        )
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if self.server.hub.ignores_ranges:
            start = 0
        headers = {}
        if start:
            headers["content-range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        cut = self.server.hub.cuts[base].pop(0) if self.server.hub.cuts.get(base) else None
        self._send(206 if start else 200, content[start:], headers, cut)

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, b"", {"x-error-code": code})

    def _send(
        self, status: int, body: bytes, headers: dict[str, str], cut: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])
        self.close_connection = cut is not None

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(hub: LocalHub) -> Generator[LocalHub]:
    """Serve on a free port of this machine until the end of the block."""
    with _Server(hub) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()


def _siblings(shelf: Shelf) -> list[dict[str, Any]]:
    files = sorted(path for path in shelf.folder.rglob("*") if path.is_file())
    return [
        _sibling(path.relative_to(shelf.folder).as_posix(), path.read_bytes()) for path in files
    ]


def _sibling(name: str, content: bytes) -> dict[str, Any]:
    size = len(content)
    blob = hashlib.sha1(b"blob %d\0" % size + content, usedforsecurity=False).hexdigest()
    listed: dict[str, Any] = {"rfilename": name, "size": size, "blobId": blob}
    if size >= LARGE_BYTES:
        digest = hashlib.sha256(content).hexdigest()
        listed["lfs"] = {"size": size, "sha256": digest, "pointerSize": 130}
    return listed
