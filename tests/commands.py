"""Run `penstock` commands in a test, as a shell would."""

from __future__ import annotations

from typer.testing import CliRunner, Result

from app.cli import app


def penstock(*arguments: str, input: str | bytes | None = None) -> Result:
    """Run a command and return how it ended; stdout and stderr are apart."""
    return CliRunner().invoke(app, list(arguments), input=input)


def succeed(*arguments: str) -> str:
    """Run a command that must succeed, and return its stdout."""
    result = penstock(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout
