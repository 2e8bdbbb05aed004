import os
import shutil
from pathlib import Path

import pytest

from app.errors import DatabaseError
from app.store.embedded.binaries import Binaries, find_binaries
from app.store.embedded.owner import Owner
from app.store.embedded.place import Place, find_place, own_folder, reachable

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for another user")
NOBODY = Owner(65534, 65534)


def us() -> Owner:
    return Owner(os.geteuid(), os.getegid())


def test_the_server_lives_in_its_home_and_is_closed_to_others(home: Path) -> None:
    place = find_place(home)

    assert place.folder == home / "postgres"
    assert place.folder.stat().st_mode & 0o777 == 0o700
    assert place.folder.stat().st_uid == place.owner.uid
    assert find_place(home) == place


def test_a_home_that_is_not_there_is_made(home: Path) -> None:
    assert find_place(home / "a" / "b").folder.is_dir()


def test_a_home_that_is_no_folder_is_named(home: Path) -> None:
    (home / "file").touch()
    with pytest.raises(DatabaseError, match=r"file/postgres.*PENSTOCK_HOME"):
        find_place(home / "file")


def test_a_folder_open_to_others_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(DatabaseError, match="0700"):
        own_folder(tmp_path / "open", us())


def test_a_link_instead_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="Not a directory"):
        own_folder(tmp_path / "link", us())


@pytest.mark.parametrize("name", ["x" * 100, "with space", "a,b", "ü", "q?h=1"])
def test_a_path_that_no_socket_can_have_gets_a_short_one(name: str) -> None:
    place = Place(Path("/srv") / name, Owner(1000, 1000))
    other = Place(Path("/srv") / f"{name}.", Owner(1000, 1000))

    assert len(str(place.socket_folder)) < 50
    assert place.socket_folder.parent == Path("/tmp")  # noqa: S108 (compared only)
    assert place.socket_folder != other.socket_folder


def test_a_usual_path_has_its_socket_beside_the_data() -> None:
    place = Place(Path("/srv/penstock/var/postgres"), us())

    assert place.socket_folder == place.data


@as_root
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir(mode=0o700)
    (tmp_path / "other" / "letters").touch()
    with pytest.raises(DatabaseError, match="65534"):
        own_folder(tmp_path / "other", NOBODY)


@as_root
def test_a_folder_that_another_start_has_just_made_is_handed_over(tmp_path: Path) -> None:
    """It makes the folder and hands it over a moment later; we may come in between."""
    (tmp_path / "new").mkdir(mode=0o700)

    own_folder(tmp_path / "new", NOBODY)

    assert (tmp_path / "new").stat().st_uid == NOBODY.uid


@as_root
def test_no_parent_of_the_home_is_touched(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    place = find_place(closed / "home", home / "elsewhere")

    assert closed.stat().st_mode & 0o777 == 0o700
    assert closed.stat().st_uid == 0
    assert place.folder.parent == home / "elsewhere"
    assert (closed / "home" / "postgres").resolve() == place.folder
    assert find_place(closed / "home", home / "elsewhere") == place


@as_root
def test_programs_out_of_reach_are_copied_once_and_run(home: Path) -> None:
    closed = home / "closed"
    binaries = find_binaries().copy(closed / "site-packages")
    closed.chmod(0o700)
    copy = reachable(binaries, NOBODY, home / "elsewhere")
    shutil.rmtree(closed)
    (home / "elsewhere" / binaries.release / "ours").touch()

    for program in ("initdb", "postgres"):
        said = NOBODY.run([copy.program(program), "--version"], copy.environment, 30)
        assert str(binaries.major) in said
    assert reachable(binaries, NOBODY, home / "elsewhere") == copy
    assert (home / "elsewhere" / binaries.release / "ours").exists()


@as_root
def test_programs_that_cannot_be_moved_are_named(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(DatabaseError, match="unprivileged user"):
        reachable(Binaries(closed, 15, "postgresql-15.1"), NOBODY)


@as_root
def test_a_place_for_the_copy_that_cannot_be_made_is_named(home: Path) -> None:
    (home / "file").touch()
    binaries = Binaries(home / "closed" / "pg", 18, "wheel-1.0", ("pg",))
    with pytest.raises(DatabaseError, match=r"file/elsewhere.*unprivileged user"):
        reachable(binaries, NOBODY, home / "file" / "elsewhere")


def test_programs_within_reach_stay_where_they_are(home: Path) -> None:
    binaries = Binaries(home, 18, "wheel-1.0", ("pg",))

    assert reachable(binaries, us()) == binaries
