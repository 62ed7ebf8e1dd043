"""The automatic check: what is found, where, and what wins."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.review.checker import TermList, check
from services.review.normalise import normalised, squeezed
from services.review.personal_data import is_id_card
from services.review.text import plain_text
from shared.contracts.review.events import Match, Severity, Term

LIST = UUID(int=1)


def term(word: str, severity: Severity = "warning", match: Match = "normalised") -> Term:
    return Term(term=word, category="style", severity=severity, suggestion=None, match=match)


def lists(*terms: Term, allow: tuple[str, ...] = ()) -> list[TermList]:
    return [TermList(LIST, 1, terms, allow)]


def found(text: str, *terms: Term, allow: tuple[str, ...] = ()) -> list[str]:
    return [finding.found for finding in check("", text, lists(*terms, allow=allow))]


def test_a_term_is_found_where_it_stands_in_the_original() -> None:
    (finding,) = check("", "我校是最佳学校", lists(term("最佳")))
    assert (finding.start, finding.end, finding.found) == (3, 5, "最佳")


def test_full_width_traditional_and_invisible_characters_do_not_hide_a_term() -> None:
    """S23."""
    assert found("這是國家級\u200b別", term("国家级别")) == ["國家級\u200b別"]
    assert found("ＡＢＣ", term("abc")) == ["ＡＢＣ"]


def test_separators_hide_a_term_from_normalised_but_not_from_squeezed_matching() -> None:
    assert found("最 · 佳", term("最佳")) == []
    assert found("最 · 佳", term("最佳", match="squeezed")) == ["最 · 佳"]


def test_a_literal_term_hits_only_as_written() -> None:
    assert found("登陸 登陆", term("登陆", match="literal")) == ["登陆"]


def test_an_allowed_phrase_wins_over_the_term_inside_it() -> None:
    assert found("国家级一流专业，国家级享受", term("国家级"), allow=("国家级一流专业",)) == ["国家级"]


def test_a_hint_does_not_hide_the_blocking_term_it_overlaps() -> None:
    severities = [f.severity for f in check("", "第一名", lists(term("第一名", "hint"), term("第一", "blocking")))]
    assert sorted(severities) == ["blocking", "hint"]


def test_an_identity_card_number_is_found_and_never_stored() -> None:
    (finding,) = check("", "号码11010519491231002X。", lists())
    assert (finding.start, finding.end, finding.found) == (2, 20, "*" * 18)


def test_a_number_with_a_wrong_check_digit_is_no_identity_card() -> None:
    assert is_id_card("11010519491231002X") and not is_id_card("110105194912310021")


def test_the_text_of_html_is_a_line_a_block() -> None:
    assert plain_text("<p>一</p><p>二 &amp; 三</p>") == "一\n二 & 三"


ALPHABET = st.text(alphabet="最佳第一國国A Ａ·\u200b，x1", max_size=40)


@given(ALPHABET, st.text(alphabet="最佳第一国ax1", min_size=1, max_size=3))
def test_normalised_matching_finds_exactly_what_a_naive_search_finds(text: str, word: str) -> None:
    reading = normalised(text)
    needle = normalised(word).text
    naive = []
    at = reading.text.find(needle)
    while at >= 0:
        naive.append(reading.span(at, at + len(needle)))
        at = reading.text.find(needle, at + len(needle))
    assert [(f.start, f.end) for f in check("", text, lists(term(word)))] == sorted(set(naive))


@given(ALPHABET)
def test_every_reading_leads_back_into_the_original(text: str) -> None:
    for reading in (normalised(text), squeezed(text)):
        assert len(reading.origin) == len(reading.text)
        assert list(reading.origin) == sorted(reading.origin)
        assert all(0 <= origin < len(text) for origin in reading.origin)


def test_a_megabyte_of_separators_is_read_in_one_pass() -> None:
    """S23: the work a character is bounded, whatever the text."""
    text = "·" * 200_000 + "最佳"
    assert found(text, term("最佳", match="squeezed")) == ["最佳"]
