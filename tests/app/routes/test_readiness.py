from __future__ import annotations

from app.routes.readiness import Check, Health, Readiness


def report(*, models: bool, database: bool) -> tuple[Health, dict[str, Health]]:
    readiness = Readiness(
        (
            Check("models", lambda: models),
            Check("database", lambda: database, is_vital=False),
        )
    )
    return readiness.report()


def test_all_parts_ready_is_ready() -> None:
    assert report(models=True, database=True) == (
        Health.READY,
        {"models": Health.READY, "database": Health.READY},
    )


def test_without_a_part_that_is_not_vital_the_server_is_degraded() -> None:
    health, parts = report(models=True, database=False)

    assert health is Health.DEGRADED
    assert parts["database"] is Health.DEGRADED


def test_without_a_vital_part_it_is_not_ready() -> None:
    assert report(models=False, database=True)[0] is Health.NOT_READY
    assert report(models=False, database=False)[0] is Health.NOT_READY
