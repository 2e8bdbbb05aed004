import datetime as dt
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from app.store.months import Month, first_id

SECONDS = st.floats(3e8, 2e11)
MOMENTS = SECONDS.map(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC))


@given(MOMENTS)
def test_a_month_holds_its_moments(moment: dt.datetime) -> None:
    month = Month.of(moment)

    assert month.start <= moment < month.end
    assert month.plus(1).start == month.end
    assert month.plus(1).plus(-1) == month


def test_a_month_is_one_of_utc() -> None:
    east = dt.timezone(dt.timedelta(hours=5))

    assert Month.of(dt.datetime(2026, 12, 1, 3, tzinfo=east)) == Month(2026, 11)


def test_months_in_a_row() -> None:
    assert list(Month(2026, 11).until(Month(2027, 2))) == [
        Month(2026, 11),
        Month(2026, 12),
        Month(2027, 1),
        Month(2027, 2),
    ]


@given(MOMENTS)
def test_ids_are_in_the_order_of_time(moment: dt.datetime) -> None:
    bound = first_id(moment)
    one_ms = dt.timedelta(milliseconds=1)

    assert first_id(moment + one_ms) > bound
    assert UUID(int=bound.int | (7 << 76) | (0xFFF << 64) | ((1 << 62) - 1)) < first_id(
        moment + one_ms
    )


def test_an_id_made_now_lies_between_now_and_soon() -> None:
    before = dt.datetime.now(dt.UTC)
    made = uuid7()
    after = dt.datetime.now(dt.UTC) + dt.timedelta(milliseconds=1)

    assert first_id(before) <= made <= first_id(after)


def test_moments_that_no_id_can_have_are_bounded() -> None:
    assert first_id(dt.datetime(1900, 1, 1, tzinfo=dt.UTC)) == UUID(int=0)
