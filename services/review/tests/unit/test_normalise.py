"""Channels of a text: nothing hides, and every character leads back into the original."""

import unicodedata
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.review import normalise
from services.review.lookalikes import LOOKALIKES
from services.review.normalise import LONGEST_CLUSTER, normalised, squeeze, squeezed

# No compatibility ligatures: a part of one has no place of its own in the original.
TEXT = st.text(alphabet="国國级級Ａａe\u0301\u200b\u00ad\ufe0f·＊ 　，\nｶﾞ", max_size=40)


def test_width_script_case_and_invisible_characters_are_evened_out() -> None:
    assert normalised("Ｇ國\u200b\ufe0f家\u00adＡ").text == "g国家a"


def test_letters_that_look_latin_are_read_as_latin() -> None:
    """S23: Cyrillic, Greek, Armenian, full-width and small capitals, in any mixture."""
    for disguised in ("ВЕЅТ", "Веst", "ｂеѕт", "ΒΕЅΤ", "ᏴEՏᎢ", "best"):
        assert normalised(disguised).text == "best", disguised
    assert normalised("最аdvаnсеd的").text == "最advanced的"
    channel = normalised("甲аbс乙")
    assert channel.span(1, 4) == (1, 4)


def test_the_mutant_that_only_folds_width_and_case_is_deceived() -> None:
    assert unicodedata.normalize("NFKC", "Веst").casefold() != "best" == normalised("Веst").text


@given(st.text(alphabet=[chr(code) for code in LOOKALIKES] + list("abcxyz国 \u0301"), max_size=30))
def test_no_lookalike_is_left_and_each_leads_back_to_where_it_stood(text: str) -> None:
    channel = normalised(text)
    assert not [letter for letter in channel.text if ord(letter) in LOOKALIKES]
    assert normalised(channel.text).text == channel.text
    for at, letter in enumerate(channel.text):
        first, last = channel.span(at, at + 1)
        assert letter in normalised(text[first:last]).text


@given(st.sampled_from(["best", "official", "no1 price"]), st.randoms(use_true_random=False))
def test_a_word_in_any_disguise_reads_as_the_word(word: str, chance: Random) -> None:
    likes = {latin: [chr(code) for code, like in LOOKALIKES.items() if like == latin] for latin in LOOKALIKES.values()}
    disguised = "".join(chance.choice([letter, *likes.get(letter, [])]) for letter in word)
    assert normalised(disguised).text == word


ANYTHING = st.text(
    st.sampled_from("国國臺级薴苧Ａａab·—…，。、\u200b\u200d\ufe0f\u0301가ᄀ\u1161\u11a8㈱㎏1 \n\x00😀\U00020000[]^-\\")
    | st.characters(exclude_categories=["Cs"]),
    max_size=40,
)


@given(ANYTHING)
def test_a_text_reads_as_its_characters_do_one_by_one(text: str) -> None:
    """The short ways (characters replaced in the whole text at once, stretches) beside the long one."""
    told = [
        (letter, start, end) for start, end, cluster in normalise._clusters(text) for letter in normalise._fold(cluster)
    ]
    channel = normalised(text)
    assert list(zip(channel.text, channel.origin, channel.ends, strict=True)) == told
    kinds = "".join(normalise._KINDS[letter] for letter in channel.text)
    kept = [at for at in range(len(kinds)) if not _between_han(kinds, at)]
    small = squeeze(channel)
    assert list(zip(small.text, small.origin, small.ends, strict=True)) == [told[at] for at in kept]


def _between_han(kinds: str, at: int) -> bool:
    """Return whether a separator stands in a run between two Han characters."""
    before, after = kinds[:at].rstrip("s"), kinds[at:].lstrip("s")
    return kinds[at] == "s" and before.endswith("h") and after.startswith("h")


def test_what_a_replaced_character_became_is_not_replaced_again() -> None:
    """The mutant that replaces one after the other makes two of them one."""
    first, second = normalise._FOLDED[ord("薴")], normalise._FOLDED[ord("苧")]
    assert first == "苧" != second
    assert normalised("薴苧").text == first + second
    assert "薴苧".replace("薴", first).replace("苧", second) != first + second


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


@given(TEXT, TEXT)
def test_a_plain_character_is_read_alike_whatever_stands_before_and_after_it(before: str, after: str) -> None:
    left, right, whole = normalised(before), normalised(f"国{after}"), normalised(f"{before}国{after}")
    assert whole.text == left.text + right.text
    assert list(whole.origin) == [*left.origin, *(len(before) + place for place in right.origin)]
    assert list(whole.ends) == [*left.ends, *(len(before) + place for place in right.ends)]


@given(TEXT)
def test_normalising_again_changes_nothing(text: str) -> None:
    once = normalised(text).text
    assert normalised(once).text == once
