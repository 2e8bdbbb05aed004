"""Many rows in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, Table, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import Insert, insert

# One array a column: the server parses and plans once, and Python binds once.


@cache
def bulk_insert(table: Table) -> Insert:
    """Return an insert of all rows that are not there yet, with an array for each column."""
    names = [c.name for c in table.c]
    arrays = [bindparam(c.name, type_=ARRAY(c.type, dimensions=1)) for c in table.c]
    rows = (
        func.unnest(*arrays)
        .table_valued(*(column(c.name, c.type) for c in table.c))
        .render_derived()
    )
    query = select(*(rows.c[name] for name in names))
    return insert(table).from_select(names, query).on_conflict_do_nothing()


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Turn rows around: the values of each column."""
    return {name: [row[name] for row in rows] for name in rows[0]}
