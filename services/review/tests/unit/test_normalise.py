"""Channels of a text: nothing hides, and every character leads back into the original."""

from hypothesis import given
from hypothesis import strategies as st

from services.review.normalise import LONGEST_CLUSTER, normalised, squeezed

# No compatibility ligatures: a part of one has no place of its own in the original.
TEXT = st.text(alphabet="国國级級Ａａe\u0301\u200b\u00ad\ufe0f·＊ 　，\nｶﾞ", max_size=40)


def test_width_script_case_and_invisible_characters_are_evened_out() -> None:
    assert normalised("Ｇ國\u200b\ufe0f家\u00adＡ").text == "g国家a"


def test_an_invisible_character_does_not_keep_a_mark_from_its_letter() -> None:
    channel = normalised("e\u200d\u0301x")
    assert (channel.text, channel.span(0, 1)) == ("éx", (0, 3))


def test_a_ligature_leads_back_to_where_it_stands() -> None:
    channel = normalised("甲㈱乙")
    assert (channel.text, channel.span(2, 3)) == ("甲(株)乙", (1, 2))


def test_marks_and_symbols_between_han_characters_are_squeezed_out_and_clauses_stay_apart() -> None:
    assert squeezed("国·家 *级").text == "国家级"
    assert squeezed("国\u0332家").text == "国家"
    for mark in ("，", "。", "（", "\n", "、"):
        assert len(squeezed(f"国{mark}家").text) == 3
    assert squeezed("国 a 家").text == "国 a 家"


def test_a_tower_of_marks_is_read_in_pieces() -> None:
    """S23: the standard library sorts marks in quadratic time."""
    assert len(normalised("a" + "\u0316\u0301" * 100_000).ends) > 200_000 / LONGEST_CLUSTER


@given(TEXT)
def test_the_original_of_whole_characters_normalises_to_them(text: str) -> None:
    channel = normalised(text)
    # A letter with its mark may stay two characters: they come from one place and are not cut apart.
    whole = [at for at in range(len(channel.text)) if at == 0 or channel.origin[at] != channel.origin[at - 1]]
    for index, start in enumerate(whole):
        for end in [*whole[index + 1 : index + 4], len(channel.text)]:
            first, last = channel.span(start, end)
            assert normalised(text[first:last]).text == channel.text[start:end]


@given(TEXT)
def test_normalising_again_changes_nothing(text: str) -> None:
    once = normalised(text).text
    assert normalised(once).text == once
