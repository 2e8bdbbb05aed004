import os
import subprocess
from pathlib import Path

import pytest

from app.errors import DatabaseError
from app.store.embedded import owner as owner_module
from app.store.embedded.owner import Owner, choose_owner

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for another user")


def us() -> Owner:
    return Owner(os.geteuid(), os.getegid())


def test_we_are_no_other() -> None:
    assert not us().is_other


def test_a_program_sees_only_the_environment_it_is_given() -> None:
    assert us().run(["/usr/bin/env"], {"A": "b"}, 10).split() == ["A=b"]


def test_what_a_failing_program_said_is_kept() -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        us().run(["/bin/sh", "-c", "echo why >&2; exit 3"], {}, 10)

    assert caught.value.output == "why\n"


def test_a_folder_that_is_not_there_cannot_be_entered(tmp_path: Path) -> None:
    assert us().can_enter(tmp_path)
    assert not us().can_enter(tmp_path / "nothing")


@as_root
def test_root_steps_down_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)

    assert choose_owner(tmp_path).uid == 65534
    assert choose_owner(tmp_path / "not yet there").uid == 65534


@as_root
def test_root_takes_the_first_unprivileged_user_for_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner_module, "CANDIDATES", ("no-such-user", "root", "nobody"))

    assert choose_owner(tmp_path).uid == 65534


@as_root
def test_a_machine_without_such_a_user_is_told_to_add_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner_module, "CANDIDATES", ("no-such-user",))
    with pytest.raises(DatabaseError, match="useradd"):
        choose_owner(tmp_path)


@as_root
def test_the_other_user_has_none_of_our_groups(tmp_path: Path) -> None:
    nobody = Owner(65534, 65534)

    assert nobody.run(["/usr/bin/id", "-u"], {}, 10).strip() == "65534"
    assert nobody.run(["/usr/bin/id", "-G"], {}, 10).strip() == "65534"


@as_root
def test_the_other_user_cannot_enter_a_closed_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    assert not Owner(65534, 65534).can_enter(tmp_path)
