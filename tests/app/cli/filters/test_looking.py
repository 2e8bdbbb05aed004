import json

import pytest

from app.chain.registry import filter_names
from tests.commands import penstock, succeed


def test_all_filters_are_listed() -> None:
    listed = json.loads(succeed("filters", "list", "--json"))
    shown = succeed("filters", "list")

    assert [entry["name"] for entry in listed] == filter_names()
    assert "keyword" in filter_names()
    assert all(entry["summary"] in shown for entry in listed)


def test_a_filter_is_explained_with_its_options() -> None:
    described = json.loads(succeed("filters", "show", "keyword", "--json"))
    shown = succeed("filters", "show", "keyword")

    assert described["stages"] == ["input", "output"]
    assert "words" in {option["name"] for option in described["options"]}
    for option in described["options"]:
        assert option["name"] in shown


@pytest.mark.parametrize("name", ["absent", "_normalise", "../app"])
def test_an_unknown_filter_is_told(name: str) -> None:
    result = penstock("filters", "show", name)

    assert result.exit_code == 1
    assert "There is no filter" in result.stderr
