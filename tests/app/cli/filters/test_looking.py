"""All filters are listed and explained, wherever they come from."""

import json

import pytest

from app.chain.registry import filter_names
from app.chain.schema import chain_schema
from filters import Stage
from tests.app.cli.filters.conftest import Bring
from tests.commands import penstock, succeed

MINE = '''
from filters import Canary, Filter

class Mine(Filter):
    """Judges nothing."""

    async def check(self, item):
        return None

    def canaries(self):
        return [Canary("BAD", bad=True), Canary("good", bad=False)]
'''


def test_all_filters_are_listed() -> None:
    listed = json.loads(succeed("filters", "list", "--json"))
    shown = succeed("filters", "list")

    assert [entry["name"] for entry in listed] == filter_names()
    assert "keyword" in filter_names()
    for entry in listed:
        assert entry["name"] in shown
        assert " ".join(entry["summary"].split()[:3]) in shown


def test_a_filter_is_explained_with_its_options() -> None:
    described = json.loads(succeed("filters", "show", "keyword", "--json"))
    shown = succeed("filters", "show", "keyword")

    assert described["stages"] == sorted(Stage)
    assert "words" in {option["name"] for option in described["options"]}
    for option in described["options"]:
        assert option["name"] in shown


def test_a_filters_options_are_listed_and_have_a_json_schema() -> None:
    described = json.loads(succeed("filters", "show", "retrieval", "--json"))
    [limit, _] = described["options"]

    assert (limit["type"], limit["default"], limit["allowed"]) == ("int", "4", "≥ 1, ≤ 32")
    assert described["schema"]["properties"]["limit"]["maximum"] == 32
    assert described["schema"]["additionalProperties"] is False
    assert "limit, min_score" in succeed("filters", "list")


def test_what_a_filter_lacks_is_told(bring: Bring) -> None:
    bring("mine", MINE.replace('"""Judges nothing."""', ""))

    assert json.loads(succeed("filters", "show", "mine", "--json"))["summary"] == ""
    assert "Its class has no docstring." in succeed("filters", "show", "mine")


def test_what_is_wrong_with_the_canaries_is_told(bring: Bring) -> None:
    bring("mine", MINE.partition("return [")[0] + "return ['STOP']")
    result = penstock("filters", "show", "mine")

    assert result.exit_code == 1
    assert "`canaries` must return Canary objects" in result.stderr


def test_it_is_told_where_a_filter_comes_from(bring: Bring) -> None:
    bring("mine", MINE)
    listed = {one["name"]: one for one in json.loads(succeed("filters", "list", "--json"))}

    assert listed["keyword"]["from"] == listed["mine"]["from"].replace("mine", "keyword")
    assert listed["keyword"]["from"] == "filters/keyword"


def test_canaries_are_shown_where_they_do_not_depend_on_options(bring: Bring) -> None:
    bring("mine", MINE)
    described = json.loads(succeed("filters", "show", "mine", "--json"))

    assert [one["text"] for one in described["canaries"]] == ["BAD", "good"]
    assert "BAD" in succeed("filters", "show", "mine")
    assert json.loads(succeed("filters", "show", "keyword", "--json"))["canaries"] is None
    assert "depend on its options" in succeed("filters", "show", "keyword")


def test_a_filter_that_cannot_be_imported_is_listed_as_broken(bring: Bring) -> None:
    bring("torn", "import nothing_of_this_name")
    [torn] = [one for one in json.loads(succeed("filters", "list", "--json")) if "error" in one]

    assert torn["name"] == "torn"
    assert "cannot be imported" in torn["error"]
    assert "broken: filters/torn.py" in succeed("filters", "list")


@pytest.mark.parametrize("name", ["absent", "_normalise", "../app"])
def test_an_unknown_filter_is_told(name: str) -> None:
    result = penstock("filters", "show", name)

    assert result.exit_code == 1
    assert "There is no filter" in result.stderr


def test_options_without_a_schema_hide_no_other_filter(bring: Bring) -> None:
    bring(
        "odd",
        """
from filters import Filter, Options

class Place:
    pass

class OddOptions(Options):
    model_config = {"arbitrary_types_allowed": True}
    place: Place = Place()

class Odd(Filter):
    options_model = OddOptions

    async def check(self, item):
        return None
""",
    )
    names = chain_schema()["$defs"]["ChainEntry"]["properties"]["filter"]["enum"]

    assert "keyword" in names
    assert "odd" not in names
    result = penstock("filters", "show", "odd", "--json")
    assert "The options of filter 'odd' have no schema" in result.stderr
