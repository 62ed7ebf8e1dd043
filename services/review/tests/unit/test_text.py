"""HTML to plain text: what a reader sees, in one pass."""

import time

from hypothesis import given
from hypothesis import strategies as st

from services.review.text import plain_text


def test_tags_inside_a_word_do_not_part_it() -> None:
    assert plain_text("<p>国<b>家</b><i></i>级</p>") == "国家级"


def test_blocks_and_breaks_are_line_breaks_and_white_space_is_one_space() -> None:
    assert plain_text("<h2>题</h2>\n<p>一 \t 二<br>三</p>") == "题\n一 二\n三"


def test_entities_are_their_characters_and_are_not_read_twice() -> None:
    assert plain_text("<p>&lt;b&gt; &amp;amp; &#22269;</p>") == "<b> &amp; 国"


def test_comments_scripts_and_styles_are_left_out() -> None:
    assert plain_text("a<!-- <p> -->b<script>x<y</script>c<style>p{}</style>d") == "abcd"


def test_what_looks_like_a_tag_in_an_attribute_ends_no_tag() -> None:
    assert plain_text('<a title="1>2">甲</a>') == "甲"


def test_a_bare_angle_bracket_is_text() -> None:
    assert plain_text("3 < 4 <3") == "3 < 4 <3"


@given(st.text(alphabet="<>/!-=\"'ab &;国\n", max_size=60))
def test_any_text_is_read_and_its_ends_are_bare(html: str) -> None:
    text = plain_text(html)
    assert text == text.strip()


def test_nesting_and_unfinished_markup_take_time_in_proportion() -> None:
    """S23. The bound is generous: what is quadratic takes minutes for a megabyte."""
    begun = time.perf_counter()
    for piece in ("<div>", "<a ", "<a ='", "<!--", "</", "x<", "<a =\"'"):
        plain_text(piece * (1_000_000 // len(piece)))
    assert time.perf_counter() - begun < 30
