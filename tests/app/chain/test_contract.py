"""What a filter's author got wrong about the contract is told in a sentence, with the right form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel

from app.chain.contract import canaries_of, check_class, check_instance
from app.errors import FilterError
from filters import Canary, Filter, Finding, Item, Options, Placeholders, Stage, Unit


class Good(Filter):
    unit = Unit.window(240)
    placeholders = Placeholders()
    isolation = "process"

    async def check(self, item: Item) -> Finding | None:
        return None

    def canaries(self) -> Sequence[Canary]:
        return [Canary("a", bad=False)]


async def without_item(self: Filter) -> None:
    """Stands for a check that takes nothing."""


async def with_context(self: Filter, item: Item, context: object) -> None:
    """Stands for a check that takes too much."""


def not_awaited(self: Filter, *_: object) -> None:
    """Stands for a hook that cannot be awaited."""


async def awaited(self: Filter) -> list[Canary]:
    return []


async def more(self: Filter, item: Item, limit: int = 3) -> None:
    """Stands for a check with a parameter of its own."""


class Loose(BaseModel):
    """Options that take any name."""


def changed(**attributes: object) -> type[Filter]:
    return type("Mine", (Good,), attributes)


def test_a_good_filter_is_accepted() -> None:
    check_class(Good, "good")
    check_instance(Good(Options()), "good")
    check_class(changed(check=more), "good")

    assert canaries_of(Good(Options())) == (Canary("a", bad=False),)


def test_a_unit_and_placeholders_may_be_properties() -> None:
    unit, placeholders = property(lambda _: Unit.sentence()), property(lambda _: None)

    check_class(changed(unit=unit, placeholders=placeholders), "mine")


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"check": Filter.check}, "no `check` method"),
        (
            {"check": not_awaited},
            r"`check` must be an `async def`: `async def check\(self, item\)`",
        ),
        ({"check": without_item}, r"`check` must be `async def check\(self, item\)`"),
        ({"check": with_context}, r"`check` must be `async def check\(self, item\)`"),
        ({"setup": not_awaited}, r"`async def setup\(self, resources\)`"),
        ({"setup": without_item}, r"`setup` must be `async def setup\(self, resources\)`"),
        ({"close": not_awaited}, r"`async def close\(self\)`"),
        ({"canaries": awaited}, "`canaries` must be a `def`"),
        ({"options_model": Loose}, "subclass of filters.Options"),
        ({"options_model": Options()}, "subclass of filters.Options"),
        ({"options_model": dict}, "subclass of filters.Options"),
        ({"stages": Stage.INPUT}, "`stages` must be"),
        ({"stages": ["input"]}, "`stages` must be"),
        ({"stages": frozenset({"input"})}, "`stages` must be"),
        ({"stages": frozenset()}, "`stages` must be"),
        ({"unit": "sentence"}, "`unit` must be a Unit"),
        ({"unit": Unit.sentence}, "`unit` must be a Unit"),
        ({"placeholders": True}, "`placeholders` must be"),
        ({"isolation": "proces"}, "`isolation` must be one of none, process"),
        ({"version": 2}, "`version` must be a str"),
    ],
)
def test_what_the_contract_does_not_know_is_refused(
    attributes: dict[str, Any], message: str
) -> None:
    with pytest.raises(FilterError, match=f"^Filter 'mine': .*{message}"):
        check_class(changed(**attributes), "mine")


@pytest.mark.parametrize("attributes", [{"unit": "window"}, {"placeholders": "yes"}])
def test_what_an_instance_sets_is_refused_too(attributes: dict[str, Any]) -> None:
    judge = Good(Options())
    judge.__dict__.update(attributes)

    with pytest.raises(FilterError, match=f"`{next(iter(attributes))}` must be"):
        check_instance(judge, "mine")


@pytest.mark.parametrize(
    ("canaries", "message"),
    [
        (lambda _: None, "cannot be made .TypeError"),
        (lambda _: 1 / 0, "cannot be made .ZeroDivisionError"),
        (lambda _: ["STOP"], "must return Canary objects"),
    ],
)
def test_canaries_that_are_none_are_told(canaries: object, message: str) -> None:
    with pytest.raises(FilterError, match=message):
        canaries_of(changed(canaries=canaries)(Options()))


def test_there_are_no_other_units() -> None:
    for kind, size in (("paragraph", 0), ("window", 0)):
        with pytest.raises(ValueError, match="window"):
            Unit(kind, size)  # type: ignore[arg-type]
