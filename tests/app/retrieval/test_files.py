import os
from pathlib import Path

import pytest

from app.errors import SourceUnreadable
from app.retrieval import files
from app.retrieval.files import find_files, read_bytes


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"text of {name}")


def uris(*paths: Path, root: Path) -> list[str]:
    return [file.uri for file in find_files(paths, root)]


def test_folders_are_searched_for_known_formats(tmp_path: Path) -> None:
    write(tmp_path, "b.md", "a/x.TXT", "a/b/y.html", "z.pdf", "code.py", ".hidden.md")
    write(tmp_path, ".git/x.md", "node_modules/x.md")
    assert uris(tmp_path, root=tmp_path) == ["b.md", "z.pdf", "a/x.TXT", "a/b/y.html"]


def test_a_named_file_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    write(tmp_path, "LICENSE", "docs/a.md")
    wanted = (tmp_path / "LICENSE", tmp_path / "docs", tmp_path / "docs/../docs/a.md")
    assert uris(*wanted, root=tmp_path) == ["LICENSE", "docs/a.md"]
    assert uris(tmp_path / "missing.md", root=tmp_path) == ["missing.md"]


def test_what_lies_elsewhere_keeps_its_whole_path(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    assert uris(tmp_path / "a.md", root=tmp_path / "other") == [str(tmp_path / "a.md")]


def test_links_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, "docs/a.md")
    (tmp_path / "docs/loop").symlink_to(tmp_path / "docs")
    (tmp_path / "docs/link.md").symlink_to("/etc/hostname")
    assert uris(tmp_path, root=tmp_path) == ["docs/a.md"]


def test_there_is_a_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.md", "b.md", "c.md")
    monkeypatch.setattr(files, "MAX_FILES", 2)
    with pytest.raises(SourceUnreadable, match="more than 2 files"):
        find_files([tmp_path], tmp_path)


def test_names_that_are_no_unicode_can_be_shown(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.md")).write_text("x")
    assert uris(tmp_path, root=tmp_path) == ["caf\ufffd.md"]


def test_only_regular_files_of_some_size_are_read(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    os.mkfifo(tmp_path / "pipe")
    assert read_bytes(tmp_path / "a.md", 12) == b"text of a.md"
    for path, reason in [
        (tmp_path / "a.md", "larger than 11 bytes"),
        (tmp_path / "pipe", "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
        (tmp_path / "missing", "no such file"),
        (tmp_path, "is a directory"),
    ]:
        with pytest.raises(SourceUnreadable, match=reason):
            read_bytes(path, 11)
