import pytest

from app.store.tables import PARTITIONED, exchange, is_ours, metadata


@pytest.mark.parametrize("name", ["exchange", "exchange_content", "verdict", "source", "api_key"])
def test_alembic_compares_the_tables(name: str) -> None:
    assert is_ours(name, "table", {})


@pytest.mark.parametrize(
    "name",
    ["exchange_default", "exchange_y2026m11", "exchange_content_y2026m01", "verdict_default"],
)
def test_alembic_leaves_partitions_alone(name: str) -> None:
    assert not is_ours(name, "table", {})


def test_alembic_compares_everything_that_is_no_table() -> None:
    assert is_ours("verdict_default", "index", {})
    assert is_ours(None, "schema", {})


def test_nothing_refers_to_the_log() -> None:
    """A partition that something refers to could not be dropped."""
    referred = {
        key.column.table for table in metadata.tables.values() for key in table.foreign_keys
    }

    assert referred.isdisjoint(PARTITIONED)
    assert exchange in PARTITIONED
