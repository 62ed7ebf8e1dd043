"""Which characters are Han, and how characters of an article are counted."""

import re

COUNT_RULE = "han+words.v1"
HAN = "々〇㐀-䶿一-鿿豈-\ufaff\U00020000-\U000323af"
_HAN = re.compile(f"[{HAN}]")
_UNITS = re.compile(rf"[{HAN}]|[^\W_{HAN}]++(?:[.,'’-][^\W_{HAN}]++)*+")


def is_han(character: str) -> bool:
    """Return whether a single character is a Han character."""
    return _HAN.match(character) is not None


def char_count(*texts: str) -> int:
    """Return the number of characters by rule ``han+words.v1``.

    Each Han character counts one; each run of other letters and digits counts one, with the points, commas,
    apostrophes and hyphens inside it (``59.2``, ``e-mail``). Punctuation, symbols and spaces count nothing.
    """
    return sum(1 for text in texts for _ in _UNITS.finditer(text))
