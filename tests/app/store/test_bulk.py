from uuid import uuid4

from sqlalchemy import select

from app.store.bulk import bulk_insert, columns_of
from app.store.database import Database
from app.store.tables import verdict


def a_row(position: int, **values: object) -> dict[str, object]:
    texts = dict.fromkeys(
        ("instance", "filter", "filter_version", "stage", "action", "mode", "label"), "x"
    )
    numbers = {"score": 0.1, "threshold": float("inf"), "duration_ms": -0.0}
    row = {"exchange_id": uuid4(), "position": position, "scores": '{"a": [1, "{,}\\""]}'}
    return row | texts | numbers | {"error": None, "originals": None} | values


async def test_rows_arrive_as_they_were(database: Database) -> None:
    texts = ["", "NULL", "null", '{"a"}', "a,b", "\\", "\n", "\N{GRINNING FACE}"]
    rows = [a_row(n, label=text, error=text, originals=b"\0\xff") for n, text in enumerate(texts)]
    rows.append(a_row(99))
    async with database.begin() as connection:
        await connection.execute(bulk_insert(verdict), columns_of(rows))
        query = select(verdict).order_by(verdict.c.position)
        found = (await connection.execute(query)).mappings().all()

    scores = {"a": [1, '{,}"']}
    assert [dict(row) for row in found] == [row | {"scores": scores} for row in rows]


async def test_rows_that_are_there_already_are_left_alone(database: Database) -> None:
    row = a_row(1, label="first")
    async with database.begin() as connection:
        for rows in ([row, row | {"label": "second"}], [row | {"label": "third"}]):
            await connection.execute(bulk_insert(verdict), columns_of(rows))
        labels = list(await connection.scalars(select(verdict.c.label)))

    assert labels == ["first"]


def test_columns_of_rows() -> None:
    assert columns_of([{"a": 1, "b": 2}, {"a": 3, "b": 4}]) == {"a": [1, 3], "b": [2, 4]}
