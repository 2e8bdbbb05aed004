"""A filter is tried as the chain has it, or by itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.app.cli.filters.conftest import Bring
from tests.commands import penstock, succeed

pytestmark = pytest.mark.usefixtures("_chain")

BROKEN = '''
from filters import Filter

class Broken(Filter):
    """Judges nothing."""

    async def check(self, item):
        raise RuntimeError("no")
'''


def tried(*arguments: str, input: str | None = None) -> dict[str, Any]:
    result = penstock("filters", "try", *arguments, "--json", input=input)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_one_of_the_chain_is_tried_as_it_stands_there() -> None:
    found = tried("blocklist", "a bomb here")

    assert (found["filter"], found["stage"], found["action"]) == ("keyword", "input", "block")
    assert (found["score"], found["threshold"], found["outcome"]) == (1.0, 0.5, "blocked")
    assert [(one["start"], one["end"]) for one in found["ranges"]] == [(2, 6)]
    assert found["duration_ms"] > 0


def test_a_filter_is_tried_by_itself_with_options() -> None:
    found = tried("keyword", "a dog", "-o", 'words=["dog"]', "-o", "label=animal")

    assert (found["label"], found["action"], found["outcome"]) == ("animal", "flag", "completed")
    assert tried("keyword", "a dog", "-o", 'words=["cat"]')["action"] == "allow"


def test_options_mean_the_filter_also_where_the_chain_has_its_name() -> None:
    assert tried("blocklist", "a bomb")["action"] == "block"
    result = penstock("filters", "try", "blocklist", "a bomb", "-o", 'words=["x"]')

    assert result.exit_code == 1
    assert "There is no filter 'blocklist'" in result.stderr


def test_the_text_may_come_from_stdin() -> None:
    assert tried("blocklist", input="a bomb\n")["action"] == "block"
    assert tried("blocklist", "-", input="a bomb\n")["action"] == "block"


def test_another_threshold_may_be_tried() -> None:
    assert tried("blocklist", "calm", "--threshold", "0")["action"] == "allow"


def test_what_is_switched_off_can_be_tried() -> None:
    assert tried("switched-off", "a gun")["score"] == 1.0


def test_a_rewritten_text_is_shown_as_it_goes_on() -> None:
    shown = succeed("filters", "try", "names", "Ask Ann.")

    assert tried("names", "Ask Ann.")["released"] == "Ask [name]."
    assert "it goes on as\nAsk [name]." in shown
    assert " rewrite " in shown


def test_ranges_are_marked_in_place_in_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    shown = succeed("filters", "try", "blocklist", "a bomb here")

    assert "a \x1b[1;37;41mbomb\x1b[0m here" in shown


def test_a_text_cannot_steer_the_terminal() -> None:
    shown = succeed("filters", "try", "blocklist", "\x1b[31mred\u202e bomb")

    assert "\x1b" not in shown
    assert "<U+001B>[31mred<U+202E RIGHT-TO-LEFT OVERRIDE> bomb" in shown


def test_a_broken_filter_is_told(bring: Bring) -> None:
    bring("broken", BROKEN)
    result = penstock("filters", "try", "broken", "a text")

    assert result.exit_code == 1
    assert "The filter broke (raised)" in result.stderr
    assert "RuntimeError: no" in result.stderr


def test_at_the_output_question_passages_and_instructions_come_along(bring: Bring) -> None:
    bring(
        "echo",
        '''
from filters import Filter, Finding, Stage

class Echo(Filter):
    """Tells what it knows."""

    stages = frozenset({Stage.OUTPUT})

    async def check(self, item):
        known = item.context
        return Finding(1.0, f"{known.question}|{[p.text for p in known.passages]}|{known.instructions}")
''',
    )
    beside = ("--question", "Why?", "--passage", "a", "--passage", "b", "--instruction", "c")
    found = tried("echo", "Yes.", *beside)

    assert found["stage"] == "output"
    assert found["label"] == "Why?|['a', 'b']|('c',)"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("absent", "a"), "Ids: blocklist, names, switched-off, search."),
        (("keyword", "a"), "needs words"),
        (("keyword", "a", "-o", "words"), "key=value"),
        (("keyword", "a", "-o", "=x"), "key=value"),
        (("keyword", "a", "-o", 'wrods=["x"]'), "did you mean words"),
        (("keyword", "a", "-o", 'words=["x"'), "The value of words is not valid TOML"),
        (("keyword", "a", "-o", "words=[x]"), "The value of words is not valid TOML"),
        (("keyword", "a", "-o", "words=x"), "words: it must be a list"),
        (("blocklst", "a"), "did you mean blocklist?"),
        (("retrieval", "a", "--stage", "output"), "cannot stand at stage 'output'"),
        (("retrieval", "a", "--stage", "middle"), "There is no stage 'middle'"),
        (("search", "a"), "no database yet"),
    ],
)
def test_what_cannot_be_tried_is_told(arguments: tuple[str, ...], said: str) -> None:
    result = penstock("filters", "try", *arguments)

    assert result.exit_code == 1
    assert said in " ".join(result.stderr.split())
