import os
import signal
import socket
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.store.embedded.postmaster import GREETING, SOCKET, Postmaster
from tests.postgres import throwaway_home


@pytest.fixture
def postmaster(tmp_path: Path) -> Postmaster:
    return Postmaster(tmp_path, tmp_path)


@contextmanager
def pretender(
    folder: Path, data: Path, *, then: str = "sleep 60"
) -> Generator[subprocess.Popen[bytes]]:
    """Run a process that looks like a Postgres over `data`."""
    program = folder / "postgres"
    program.symlink_to("/bin/sh")
    command: list[Path | str] = [program, "-c", f"echo up; {then}", "-D", data]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == b"up\n"
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_without_a_file_there_is_none(postmaster: Postmaster) -> None:
    postmaster.signal(signal.SIGINT)

    assert postmaster.pid is None
    assert not postmaster.is_ready


def test_a_postgres_over_the_same_data_is_ours(postmaster: Postmaster, tmp_path: Path) -> None:
    with pretender(tmp_path, tmp_path) as process:
        (tmp_path / "postmaster.pid").write_text(f"{process.pid}\n{tmp_path}\n")
        assert postmaster.pid == process.pid
        postmaster.clear_stale()
        assert (tmp_path / "postmaster.pid").exists()
        postmaster.signal(signal.SIGTERM)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert postmaster.pid is None


@pytest.mark.parametrize(
    ("answer", "is_ready"),
    [
        (b"R\0\0\0\x08\0\0\0\0", True),
        (b"E\0\0\0\x20SFATAL\0C57P03\0Mthe database system is starting up\0\0", False),
        (b"E\0\0\0\x20SFATAL\0C53300\0Msorry, too many clients already\0\0", True),
        (b"", False),
    ],
)
def test_it_is_ready_when_it_says_so(answer: bytes, is_ready: bool) -> None:
    with throwaway_home() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / SOCKET))
        listener.listen()
        server = threading.Thread(target=answer_once, args=(listener, answer))
        server.start()
        assert Postmaster(folder, folder).is_ready is is_ready
        server.join()


def answer_once(listener: socket.socket, answer: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        assert connection.recv(1024) == GREETING
        connection.sendall(answer)


def test_a_postgres_over_other_data_is_not_ours(postmaster: Postmaster, tmp_path: Path) -> None:
    with pretender(tmp_path, tmp_path / "other") as process:
        (tmp_path / "postmaster.pid").write_text(f"{process.pid}\n")
        assert postmaster.pid is None


def test_a_zombie_is_not_alive(postmaster: Postmaster, tmp_path: Path) -> None:
    with pretender(tmp_path, tmp_path, then="exit") as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        (tmp_path / "postmaster.pid").write_text(f"{process.pid}\n")
        assert postmaster.pid is None


def test_what_a_dead_server_left_is_removed(postmaster: Postmaster, tmp_path: Path) -> None:
    for name in ("postmaster.pid", f"{SOCKET}.lock"):
        (tmp_path / name).write_text(f"{os.getpid()}\n")
    postmaster.clear_stale()

    assert not list(tmp_path.iterdir())
