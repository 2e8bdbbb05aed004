import os
from pathlib import Path

import pytest

from app.errors import DatabaseError
from app.store.embedded.locks import FileLock, held
from app.store.embedded.owner import Owner


@pytest.fixture
def us() -> Owner:
    return Owner(os.geteuid(), os.getegid())


def test_only_one_holds_it_alone(tmp_path: Path, us: Owner) -> None:
    one, two = FileLock(tmp_path / "lock", us), FileLock(tmp_path / "lock", us)
    assert one.try_acquire()
    assert not two.try_acquire()
    assert not two.try_acquire(shared=True)
    one.close()
    assert two.try_acquire()
    two.close()


def test_many_share_it(tmp_path: Path, us: Owner) -> None:
    one, two = FileLock(tmp_path / "lock", us), FileLock(tmp_path / "lock", us)
    assert one.try_acquire(shared=True)
    assert two.try_acquire(shared=True)
    assert not two.try_acquire()
    one.close()
    two.close()


def test_who_inherits_the_file_holds_the_lock(tmp_path: Path, us: Owner) -> None:
    lock = FileLock(tmp_path / "lock", us)
    assert lock.try_acquire()
    inherited = os.dup(lock.fd)
    lock.close()
    other = FileLock(tmp_path / "lock", us)
    assert not other.try_acquire()
    os.close(inherited)
    assert other.try_acquire()
    other.close()


def test_waiting_for_it_has_an_end(tmp_path: Path, us: Owner) -> None:
    with (
        held(tmp_path / "lock", us, 1),
        pytest.raises(DatabaseError, match="Another process"),
        held(tmp_path / "lock", us, 0.01),
    ):
        pass


def test_a_link_in_its_place_is_not_followed(tmp_path: Path, us: Owner) -> None:
    (tmp_path / "target").touch()
    (tmp_path / "lock").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic link"):
        FileLock(tmp_path / "lock", us)
