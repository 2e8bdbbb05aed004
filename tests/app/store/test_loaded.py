from app.store.database import Database
from app.store.loaded import LoadedModelStore


async def test_names_come_and_go(database: Database) -> None:
    loaded = LoadedModelStore(database)
    assert await loaded.names() == []

    for name in ("writer", "answer", "writer"):
        await loaded.add(name, by="a\0nn")
    assert await loaded.names() == ["answer", "writer"]

    assert await loaded.remove("writer")
    assert not await loaded.remove("writer")
    assert await loaded.names() == ["answer"]
