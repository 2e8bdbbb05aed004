"""The program in an isolated filter's process: one filter, one item after the other.

It imports the contract, the filter and nothing of the server.
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from app.chain.isolation import frames
from filters import Busy, Filter, Finding, Unavailable

PR_SET_PDEATHSIG = 1


class NoResources:
    """Stands where the server's resources would."""

    def __getattr__(self, name: str) -> NoReturn:
        raise RuntimeError(
            f"an isolated filter has no {name}: models and searches live in the server's process, "
            "where a run ends at its deadline without that. Take isolation away from this filter"
        )


def main(arguments: Sequence[str]) -> None:
    """Serve the connection until its other end is closed.

    Args:
        arguments: the connection's file descriptor, and the server's process id.
    """
    descriptor, parent = map(int, arguments)
    _die_with(parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold texts of requests
    with socket.socket(fileno=descriptor) as connection, asyncio.Runner() as runner:
        connection.set_inheritable(False)
        # A process that the filter forks must not answer for it.
        os.register_at_fork(after_in_child=connection.close)
        greeting = frames.receive(connection)
        try:
            judge = _built(greeting["filter"], greeting["options"])
            runner.run(judge.setup(NoResources()))  # it refuses everything
        except BaseException as error:  # noqa: BLE001  the server tells the operator
            frames.send(connection, {"error": str(error)[:500] or type(error).__name__})
            return
        frames.send(connection, {"resident_bytes": resident_bytes()})
        _limit_growth(greeting["memory_bytes"])
        _serve(connection, runner, judge)


def resident_bytes() -> int:
    """Return how much memory this process really holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def _serve(connection: socket.socket, runner: asyncio.Runner, judge: Filter) -> None:
    while True:
        try:
            message = frames.receive(connection)
        except EOFError:
            break
        answer = _answer(runner, judge, message)
        about = {"number": message["number"], "resident_bytes": resident_bytes()}
        frames.send(connection, answer | about)
    runner.run(judge.close())


def _answer(runner: asyncio.Runner, judge: Filter, message: dict[str, Any]) -> dict[str, Any]:
    try:
        finding: object = runner.run(judge.check(frames.read_item(message)))
    except Busy:
        return {"failed": "overloaded"}
    except Unavailable as error:
        return {"failed": "unavailable", "error": type(error.__cause__ or error).__name__}
    except MemoryError:
        return {"failed": "crashed", "error": "MemoryError"}
    except BaseException as error:  # noqa: BLE001  the process goes on, whatever the filter raised
        # The message may hold a text; where it was raised does not.
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        return {"failed": "raised", "error": type(error).__name__, "where": where}
    if finding is None:
        return {"finding": None}
    if not isinstance(finding, Finding):
        return {"failed": "invalid", "error": type(finding).__name__}
    try:
        return {"finding": frames.finding_message(finding)}
    except Exception as error:  # noqa: BLE001  parts of it are none
        return {"failed": "invalid", "error": type(error).__name__}


def _built(path: str, options: dict[str, Any]) -> Filter:
    module, _, name = path.partition(":")
    cls: Any = importlib.import_module(module)
    for part in name.split("."):
        cls = getattr(cls, part)
    judge: Filter = cls(cls.options_model.model_validate(options))
    return judge


def _die_with(parent: int) -> None:
    """End with the server, however it ends; the kernel sees to it even while the filter computes."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _limit_growth(num_bytes: int) -> None:
    """Refuse this process more memory than this on top of what it has."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    now_kb = next(int(line.split()[1]) for line in status if line.startswith("VmData:"))
    most = now_kb * 1_024 + num_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
