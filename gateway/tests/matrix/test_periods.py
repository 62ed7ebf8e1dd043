"""Periods are runs of Shanghai days; what is no period is refused."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.matrix.calendar import day_of, day_up_to, month_end
from gateway.matrix.periods import Days, Months, current_year, parse
from shared.errors import Invalid


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2021", date(2021, 1, 1), date(2021, 12, 31)),
        ("2021-H1", date(2021, 1, 1), date(2021, 6, 30)),
        ("2021-H2", date(2021, 7, 1), date(2021, 12, 31)),
        ("2020-02", date(2020, 2, 1), date(2020, 2, 29)),
        ("2021-02-15..2021-03-02", date(2021, 2, 15), date(2021, 3, 2)),
        ("2021-02..2021-04", date(2021, 2, 1), date(2021, 4, 30)),
        ("2021-05-05..2021-05-05", date(2021, 5, 5), date(2021, 5, 5)),
    ],
)
def test_a_period_has_a_first_and_a_last_day(text: str, first: date, last: date) -> None:
    period = parse(text)
    assert (period.first, period.last, period.name) == (first, last, text)


@pytest.mark.parametrize(
    "text",
    ["", "21", "2021-13", "2021-00", "2021-H3", "0000", "9999", "2021-02-30..2021-03-01", "2021-05..2021-01", "..",
     "2021..2022", "２０２１", "2021-1", " 2021", "2021-01-01", "2021-W05..2021-W06", "a" * 5000],
)  # fmt: skip
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse(text)
    assert refusal.value.code == "matrix.period" and "period" in refusal.value.fields


def test_a_period_is_whole_months_and_the_days_around_them() -> None:
    period = parse("2021-02-15..2021-04-02")
    assert period.whole_months() == Months("2021-03", "2021-03")
    assert period.borders() == [
        Days(date(2021, 2, 15), date(2021, 2, 28)),
        Days(date(2021, 4, 1), date(2021, 4, 2)),
    ]


DAYS = st.dates(date(1990, 1, 1), date(2050, 1, 1))


@given(DAYS, st.integers(0, 800))
def test_whole_months_and_border_days_are_exactly_the_days_of_the_period(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    period = parse(f"{first}..{last}")
    found: list[date] = []
    runs = period.borders()
    if months := period.whole_months():
        end = month_end(date.fromisoformat(f"{months.last}-01"))
        runs.append(Days(date.fromisoformat(f"{months.first}-01"), end))
    for run in runs:
        found += [run.first + timedelta(days=n) for n in range((run.last - run.first).days + 1)]
    assert sorted(found) == [first + timedelta(days=n) for n in range(length + 1)]


def test_the_year_turns_at_midnight_in_shanghai() -> None:
    turn = datetime(2020, 12, 31, 16, tzinfo=UTC)
    assert day_of(turn) == date(2021, 1, 1)
    assert day_of(turn - timedelta(microseconds=1)) == date(2020, 12, 31)
    assert current_year(turn).name == "2021"


def test_a_count_at_midnight_closes_the_day_before() -> None:
    midnight = datetime(2021, 6, 30, 16, tzinfo=UTC)
    assert day_up_to(midnight) == date(2021, 6, 30)
    assert day_up_to(midnight + timedelta(microseconds=1)) == date(2021, 7, 1)
