"""What the README and the docs say is true."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.commands import penstock
from tests.first_answer import ROOT, ask, blocks, free_port, started
from tests.postgres import throwaway_home

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)(?:#[^)]*)?\)")


def test_the_first_question_is_answered_with_its_source() -> None:
    """The README's blocks, in its order: `make run`, curl, `penstock ask`."""
    port = free_port()
    with throwaway_home() as folder, started(folder / "var", port):
        answer = json.loads(ask(blocks()[1], folder / "var", port))
        shown = ask(blocks()[2], folder / "var", port)

    assert answer["outcome"] == "completed"
    assert answer["citations"][0]["source"]
    assert answer["completion"] in shown
    assert answer["citations"][0]["source"] in shown


@pytest.mark.check
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))

    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.check
def test_every_make_word_exists() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    mentioned = set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert {"run", "test", "check"} <= mentioned
    assert mentioned <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


@pytest.mark.check
def test_every_command_exists() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    mentioned = set(re.findall(r"`penstock ((?:[a-z]+ )*[a-z]+)", text))

    assert mentioned
    for words in sorted(mentioned):
        command, *rest = words.split()
        shown = penstock(command, "--help")
        assert shown.exit_code == 0, words
        if "COMMAND [ARGS]" in shown.stdout and rest:
            assert penstock(command, rest[0], "--help").exit_code == 0, words


@pytest.mark.check
def test_make_alone_lists_its_words() -> None:
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert re.search(r"^  make run +\S", shown, re.MULTILINE)
    assert re.search(r"^  make test +\S", shown, re.MULTILINE)
