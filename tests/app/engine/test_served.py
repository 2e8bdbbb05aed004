from __future__ import annotations

import pytest

from app.engine.served import ServedEngines
from app.errors import ModelNotFound
from tests.app.scripted import ScriptedEngine


class Closing(ScriptedEngine):
    """Remembers that it was closed, and may fail to."""

    def __init__(self, failure: Exception | None = None) -> None:
        super().__init__([])
        self.is_closed = False
        self.failure = failure

    async def close(self) -> None:
        self.is_closed = True
        if self.failure:
            raise self.failure


async def test_an_engine_is_closed_only_after_its_last_lease() -> None:
    old, new = Closing(), Closing()
    served = ServedEngines.of({"a": old, "a@1": old})

    with served.lease("a") as leased:
        with served.lease("a@1"):
            served.put("a", new)
            served.put("a@2", new)
            served.drop("a@1")
            assert served.num_leases(old) == 2
            assert await served.sweep() == 0
        assert leased is old
        assert await served.sweep() == 0
        with served.lease("a") as fresh:
            assert fresh is new
    assert (served.num_retired, old.is_closed) == (1, False)

    assert await served.sweep() == 1
    assert (served.num_retired, old.is_closed, new.is_closed) == (0, True, False)
    assert served.names == ["a", "a@2"]
    assert served.engines == [new]


async def test_an_engine_with_another_name_left_is_not_retired() -> None:
    engine = Closing()
    served = ServedEngines.of({"a": engine, "a@1": engine})

    served.drop("a")
    served.drop("never")
    served.put("a@1", engine)

    assert await served.sweep() == 0
    with pytest.raises(ModelNotFound), served.lease("a"):
        pass
    assert served.get("a@1") is engine
    assert served.get("a") is None


async def test_a_lease_ends_with_an_error_too() -> None:
    engine = Closing()
    served = ServedEngines.of({"a": engine})

    with pytest.raises(ValueError, match="broken"), served.lease("a"):
        raise ValueError("broken")

    assert served.num_leases(engine) == 0


async def test_one_that_cannot_be_closed_does_not_keep_the_others_open() -> None:
    first, second, third = Closing(), Closing(RuntimeError("stuck")), Closing()
    served = ServedEngines.of({"a": first, "b": second, "c": third})

    served.drop("b")
    served.drop("c")
    assert await served.sweep() == 2
    assert third.is_closed
    served.put("c", third)
    await served.close()

    assert first.is_closed
    assert (served.names, served.engines) == ([], [])
