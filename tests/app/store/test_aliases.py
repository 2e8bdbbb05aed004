import asyncio

import pytest

from app.store.aliases import AliasStore
from app.store.database import Database


@pytest.fixture
def aliases(database: Database) -> AliasStore:
    return AliasStore(database)


async def test_an_alias_that_was_never_set(aliases: AliasStore) -> None:
    assert await aliases.get("answer", "production") is None


async def test_what_was_in_production_becomes_previous(aliases: AliasStore) -> None:
    await aliases.set("production", "answer", "1", "ann")
    assert await aliases.get("answer", "previous") is None

    await aliases.set("production", "answer", "2", "bob")
    assert await aliases.get("answer", "production") == "2"
    assert await aliases.get("answer", "previous") == "1"


async def test_setting_it_again_to_the_same_changes_nothing(aliases: AliasStore) -> None:
    for _ in range(2):
        await aliases.set("production", "answer", "1", "ann")

    assert len(await aliases.history()) == 1
    assert await aliases.get("answer", "previous") is None


async def test_bundles_and_aliases_are_apart(aliases: AliasStore) -> None:
    await aliases.set("candidate", "answer", "3", "ann")
    await aliases.set("candidate", "toxicity", "4", "ann")

    assert await aliases.get("answer", "candidate") == "3"
    assert await aliases.get("toxicity", "candidate") == "4"
    assert await aliases.get("answer", "production") is None


async def test_the_history_tells_who_set_what_newest_first(aliases: AliasStore) -> None:
    await aliases.set("production", "answer", "1", "ann")
    await aliases.set("production", "answer", "2", "b\0b")

    told = [(c.name, c.alias, c.version, c.set_by) for c in await aliases.history()]
    assert told == [
        ("answer", "production", "2", "b\ufffdb"),
        ("answer", "previous", "1", "b\ufffdb"),
        ("answer", "production", "1", "ann"),
    ]


async def test_setters_at_once_lose_no_previous(aliases: AliasStore) -> None:
    versions = [str(number) for number in range(12)]
    await asyncio.gather(*(aliases.set("production", "answer", v, "ann") for v in versions))

    in_order = [c.version for c in reversed(await aliases.history()) if c.alias == "production"]
    assert sorted(in_order) == sorted(versions)
    assert await aliases.get("answer", "production") == in_order[-1]
    assert await aliases.get("answer", "previous") == in_order[-2]


async def test_going_back_and_forth(aliases: AliasStore) -> None:
    assert await aliases.roll_back("answer", "ann") is None
    await aliases.set("production", "answer", "1", "ann")
    assert await aliases.roll_back("answer", "ann") is None
    await aliases.set("production", "answer", "2", "ann")

    for version, other in (("1", "2"), ("2", "1")):
        assert await aliases.roll_back("answer", "bob") == version
        assert await aliases.get("answer", "production") == version
        assert await aliases.get("answer", "previous") == other


async def test_what_an_alias_stands_for_everywhere(aliases: AliasStore) -> None:
    assert await aliases.current("production") == {}
    for name, version in (("answer", "1"), ("toxicity", "4"), ("answer", "2")):
        await aliases.set("production", name, version, "ann")
    await aliases.set("candidate", "answer", "9", "ann")

    assert await aliases.current("production") == {"answer": "2", "toxicity": "4"}
    assert await aliases.current("previous") == {"answer": "1"}
