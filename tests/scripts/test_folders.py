"""Folders and files that are whole or not there."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from scripts.folders import digest, new_folder, remove_unfinished, replace_file


def test_a_folder_appears_when_it_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "folder"

    with new_folder(path) as draft:
        (draft / "file").write_text("whole", encoding="utf-8")
        assert not path.exists()

    assert (path / "file").read_text(encoding="utf-8") == "whole"
    assert [entry.name for entry in path.parent.iterdir()] == ["folder"]


def _stop_half_way(path: Path) -> None:
    with new_folder(path) as draft:
        (draft / "file").write_text("half", encoding="utf-8")
        raise RuntimeError("half way")


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="half way"):
        _stop_half_way(tmp_path / "folder")

    assert list(tmp_path.iterdir()) == []


def test_a_finished_folder_is_never_changed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(FileExistsError, match="never changed"), new_folder(tmp_path / "folder"):
        pass


def test_what_was_left_unfinished_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".tmp-folder-1").mkdir()
    (tmp_path / ".tmp-folder-1" / "file").touch()
    (tmp_path / "folder").mkdir()

    assert remove_unfinished(tmp_path) == [".tmp-folder-1"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    replace_file(path, b"new")

    assert path.read_bytes() == b"new"
    assert digest(path) == hashlib.sha256(b"new").hexdigest()
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
