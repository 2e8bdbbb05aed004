import datetime as dt

import pytest
from typer import BadParameter

from app.cli import times


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30s", dt.timedelta(seconds=30)),
        ("5m", dt.timedelta(minutes=5)),
        ("12h", dt.timedelta(hours=12)),
        ("7d", dt.timedelta(days=7)),
        ("2w", dt.timedelta(weeks=2)),
    ],
)
def test_a_span_counts_from_now(text: str, span: dt.timedelta) -> None:
    before = dt.datetime.now(dt.UTC)
    ago, ahead = times.ago(text), times.ahead(text)
    after = dt.datetime.now(dt.UTC)

    assert before - span <= ago <= after - span
    assert before + span <= ahead <= after + span


def test_a_moment_is_taken_as_it_is() -> None:
    assert times.ago("2016-11-30T08:00+00:00") == dt.datetime(2016, 11, 30, 8, tzinfo=dt.UTC)
    assert times.ahead("2996-11-30T08:00Z") == dt.datetime(2996, 11, 30, 8, tzinfo=dt.UTC)
    assert times.ago("2026-11-30").tzinfo is not None


@pytest.mark.parametrize("text", ["0d", "2020-01-01"])
def test_what_is_past_is_not_ahead(text: str) -> None:
    assert times.ago(text).tzinfo is not None
    with pytest.raises(BadParameter, match="is past"):
        times.ahead(text)


@pytest.mark.parametrize(
    "text", ["", "soon", "7", "d", "-1d", "7 d", "9999999d", "999999w", "2026-13-01"]
)
def test_anything_else_is_refused(text: str) -> None:
    for read in (times.ago, times.ahead):
        with pytest.raises(BadParameter, match="Write 30m, 12h"):
            read(text)


def test_a_moment_is_shown_to_the_second() -> None:
    moment = dt.datetime(2026, 11, 30, 8, 1, 2, 3).astimezone()

    assert times.shown(moment) == "2026-11-30 08:01:02"
    assert times.shown(None, "never") == "never"
