"""What docs/api.md shows of OpenAI's API works, word for word, and it names every field."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from app.routes.openai.chat import ChatRequest
from app.routes.openai.completions import CompletionRequest
from app.routes.openai.request import TextRequest
from app.routes.openai.response_request import ResponseRequest
from tests.http import PATIENCE_S
from tests.integration.serving import ROOT
from tests.interop.conftest import Endpoint

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## OpenAI's clients")[2].partition("\n## ")[0]


def block(language: str) -> str:
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)
    return str(found)


def run(endpoint: Endpoint, folder: Path, *command: str) -> str:
    """Run an example where a server has left its first key."""
    (folder / "var").mkdir()
    (folder / "var" / "first-key").write_text(endpoint.key, encoding="ascii")
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=True
    ).stdout


def here(example: str, endpoint: Endpoint) -> str:
    return example.replace("http://127.0.0.1:8000/v1", endpoint.url)


def test_the_example_for_a_shell(endpoint: Endpoint, tmp_path: Path) -> None:
    shown = run(endpoint, tmp_path, "bash", "-ec", here(block("sh"), endpoint))

    assert json.loads(shown)["choices"][0]["message"]["content"]


def test_the_example_for_python(endpoint: Endpoint, tmp_path: Path) -> None:
    text, cited = run(
        endpoint, tmp_path, sys.executable, "-c", here(block("python"), endpoint)
    ).splitlines()

    assert text
    assert cited.startswith("from [")


def test_every_field_that_is_not_honoured_is_named() -> None:
    kinds: tuple[type[TextRequest], ...] = (ChatRequest, CompletionRequest, ResponseRequest)
    named = set(re.findall(r"`(\w+)`", SECTION))

    for kind in kinds:
        assert kind.ignored | kind.refused.keys() <= named
