"""Places in a list are read back as they were written; anything else is refused by name."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import places
from shared.errors import Invalid

LATEST = datetime.fromisoformat("5000-01-01")
REFUSED = {"after": ["Not a place."]}


@given(st.datetimes(timezones=st.just(UTC), max_value=LATEST), st.uuids())
def test_a_place_is_read_back_as_it_was_written(moment: datetime, thing_id: UUID) -> None:
    assert places.moment_and_id(places.place(moment, thing_id)) == (moment, thing_id)


@given(st.text(max_size=60))
def test_any_text_is_a_place_or_is_refused_by_name(text: str) -> None:
    for read in (places.moment_and_id, places.id_in, places.whole):
        fields = REFUSED
        try:
            read(text)
        except Invalid as error:
            fields = error.fields
        assert fields == REFUSED


def test_the_furthest_moment_that_fits_is_a_place() -> None:
    assert places.moment_and_id(f"99999999999999999|{UUID(int=1)}")[0].year == 5138


@pytest.mark.parametrize("number", ["-99999999999999999", "9" * 5000, "1_0", " 1", "１", ""])
def test_a_moment_no_clock_can_show_is_refused(number: str) -> None:
    with pytest.raises(Invalid):
        places.moment_and_id(f"{number}|{UUID(int=1)}")
