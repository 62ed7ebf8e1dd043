"""Definitions of figures: in versions, and complete from the beginning."""

from dataclasses import replace
from datetime import date

import pytest

from services.metrics import figure
from services.metrics.figure import DEFAULTS
from shared.contracts.metrics import requests
from shared.contracts.metrics.events import FigureDefined
from shared.errors import Invalid
from shared.testing import Scenario

defining = Scenario(figure)
CHARS = next(each for each in DEFAULTS if each.name == "char_count")


def test_a_figure_is_defined_anew_only_when_it_says_something_new() -> None:
    (first,) = defining.when(CHARS).decided()
    defining.given(first).when(CHARS).then()
    (second,) = defining.given(first).when(replace(CHARS, covered_from=date(2021, 7, 1))).decided()
    assert isinstance(first, FigureDefined)
    assert second == replace(first, version=2, covered_from=date(2021, 7, 1))


def test_only_characters_were_not_counted_from_the_beginning() -> None:
    covered = {each.name: each.covered_from for each in DEFAULTS if each.covered_from}
    assert covered == {"char_count": date(2021, 10, 1)}


def test_every_default_says_in_both_languages_what_it_means() -> None:
    assert len({each.name for each in DEFAULTS}) == len(DEFAULTS)
    assert all(each.meaning_zh and each.meaning_en and each.unit for each in DEFAULTS)


@pytest.mark.parametrize("name", ["", "a", "Views", "view count", "views\n", "views/../x", "浏览", "a" * 51])
def test_a_name_that_is_no_word_is_refused(name: str) -> None:
    """S15."""
    body = {"name": name, "unit": "reads", "kind": "gauge", "meaning_zh": "数", "meaning_en": "n"}
    with pytest.raises(Invalid) as refusal:
        requests.DefineFigure().load(body)
    assert list(refusal.value.fields) == ["name"]
