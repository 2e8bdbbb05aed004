import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import frame
from app.errors import SettingsError
from tests.commands import penstock, succeed


def test_an_error_of_ours_is_one_sentence() -> None:
    Path("penstock.toml").write_text("prot = 1\n")

    result = penstock("settings")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "penstock.toml:1: unknown key 'prot'; did you mean port?\n"


def test_debug_shows_where_an_error_was_raised() -> None:
    Path("penstock.toml").write_text("prot = 1\n")

    assert isinstance(penstock("--debug", "settings").exception, SettingsError)


def test_a_long_error_is_not_broken_into_lines() -> None:
    result = penstock("--config", "x" * 150, "settings")

    assert len(result.stderr.splitlines()) == 1


def test_the_version_is_told() -> None:
    assert succeed("--version").startswith("penstock 0.")


@pytest.mark.parametrize("arguments", [(), ("filters",), ("models",), ("keys",), ("exchanges",)])
def test_a_bare_command_shows_its_help(arguments: tuple[str, ...]) -> None:
    result = penstock(*arguments)

    assert "Usage: penstock" in result.output
    assert "Traceback" not in result.output


def test_an_unknown_command_is_refused() -> None:
    result = penstock("frobnicate")

    assert result.exit_code == 2
    assert "No such command" in result.stderr


def test_help_loads_nothing_heavy() -> None:
    heavy = {"fastapi", "httpx", "numpy", "onnxruntime", "pydantic", "sqlalchemy", "tokenizers"}
    code = (
        "import sys, app.cli; from typer.testing import CliRunner; "
        "CliRunner().invoke(app.cli.app, ['--help']); print(*sys.modules)"
    )
    root = Path(frame.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )

    assert heavy & set(done.stdout.split()) == set()


def test_no_text_steers_the_terminal() -> None:
    hostile = "a\x1b[2Jb\x07\x9b\u202ec\n\td\r\ud800"

    assert frame.visible(hostile) == "a\\x1b[2Jb\\x07\\x9b\\u202ec\n\td\\x0d\\ud800"


def test_a_table_shows_every_cell_whole(capsys: pytest.CaptureFixture[str]) -> None:
    frame.show_table(("a", "b"), [("[red]x", "y" * 90), ("\x1b", "2")], "nothing")

    shown = capsys.readouterr().out
    assert "[red]x" in shown
    assert "y" * 90 in shown
    assert "\\x1b" in shown


def test_an_empty_table_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    frame.show_table(("a",), [], "There is nothing.")

    assert capsys.readouterr().out == "There is nothing.\n"


def test_json_holds_any_text(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"text": "\ud800 é \x1b"}

    frame.show_json(value, lines=True)

    shown = capsys.readouterr().out
    assert json.loads(shown) == value
    assert shown.isascii()
    assert shown.count("\n") == 1
