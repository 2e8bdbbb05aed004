from pathlib import Path

import pytest

from app.errors import DatabaseError
from app.store.embedded import binaries
from app.store.embedded.binaries import WHEEL, Binaries, binaries_at, find_binaries


def fake_installation(prefix: Path, version: str) -> Path:
    program = prefix / "bin" / "postgres"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
    program.chmod(0o755)
    return prefix


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without the wheel, whose system installations are in the folder returned."""
    monkeypatch.setattr(binaries, "WHEEL", "there-is-no-such-package")
    monkeypatch.setattr(binaries, "SYSTEM", tmp_path)
    monkeypatch.setenv("PATH", "")
    return tmp_path


def test_the_wheels_newest_postgres_is_found() -> None:
    found = find_binaries()

    assert found.release.startswith(WHEEL)
    assert found.major >= 18
    assert found.parts
    assert Path(found.program("initdb")).is_file()


def test_without_the_wheel_the_newest_of_the_system_is_found(no_wheel: Path) -> None:
    fake_installation(no_wheel / "9", "9.6")
    fake_installation(no_wheel / "15", "15.18 (Debian 15.18-0+deb12u1)")
    expected = fake_installation(no_wheel / "17", "17.2")

    assert find_binaries() == Binaries(expected, 17, "postgresql-17.2")


def test_with_neither_the_message_says_what_to_install(no_wheel: Path) -> None:
    with pytest.raises(DatabaseError, match=r"penstock\[embedded\].*PENSTOCK_DATABASE_URL"):
        find_binaries()


@pytest.mark.parametrize("version", ["13.9", "of course", "9.6.24"])
def test_what_is_too_old_or_no_postgres_is_not_taken(tmp_path: Path, version: str) -> None:
    assert binaries_at(fake_installation(tmp_path, version)) is None


def test_programs_see_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")

    assert set(find_binaries().environment) == {"PATH", "LC_ALL", "LD_LIBRARY_PATH"}
