from pathlib import Path

import pytest

from app.settings.reference import Row
from scripts import reference


def test_a_row_tells_default_bounds_and_meaning() -> None:
    row = Row(("limits", "x"), '"a|b"', "> 0", "Means it.", is_required=False)
    required = Row(("chain", "id"), "", "", "Names it.", is_required=True)

    assert reference.table_row(row) == '| `x` | `"a\\|b"` | > 0 | Means it. |'
    assert reference.table_row(required) == "| `id` | required |  | Names it. |"


def test_only_the_table_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "operating.md"
    page.write_text(f"before\n{reference.BEGIN}stale words\n{reference.END}after\n")
    monkeypatch.setattr(reference, "OPERATING", page)

    text = reference.operating()

    assert text.startswith("before\n" + reference.BEGIN)
    assert text.endswith(reference.END + "after\n")
    assert "| `request_s` | `30.0` | > 0 | A request's deadline. |" in text
    assert "stale words" not in text


def test_stale_docs_are_told_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reference, "ROOT", tmp_path)
    monkeypatch.setattr(reference, "OPERATING", tmp_path / "operating.md")
    monkeypatch.setattr(reference, "COMMANDS", tmp_path / "commands.md")
    monkeypatch.setattr(reference, "commands", lambda: "the commands\n")
    (tmp_path / "operating.md").write_text(reference.BEGIN + reference.END)

    assert reference.main(["--check"]) == 1
    assert "operating.md is not up to date: make docs" in capsys.readouterr().out
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0
    assert (tmp_path / "commands.md").read_text() == "the commands\n"


def test_every_command_is_in_the_docs() -> None:
    text = reference.commands()

    for name in ("serve", "ask", "migrate", "keys create", "exchanges tail", "settings"):
        assert f"## `penstock {name}`\n" in text
