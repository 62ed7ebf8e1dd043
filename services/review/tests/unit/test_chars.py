"""How characters are counted."""

import pytest

from services.review.chars import char_count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("国家级，一流专业。", 7),
        ("共59.2万次", 4),
        ("e-mail 和 Open Day", 4),
        ("1,086条——“新闻”！", 4),
        ("2021年7月1日", 6),
        ("𠀀〇々", 3),
        ("··— \u3000\n…", 0),
    ],
)
def test_each_han_character_and_each_word_or_number_counts_one(text: str, count: int) -> None:
    assert char_count(text) == count


def test_title_and_body_are_counted_apart() -> None:
    assert char_count("Open", "Day") == 2
