"""Titles and names as they are compared: people write the same one in many ways."""

import unicodedata


def plain(text: str) -> str:
    """Return the text in one width of characters, with single spaces and without case."""
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold()
