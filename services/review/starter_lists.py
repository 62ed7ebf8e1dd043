"""Term lists to begin with: written for this platform, small, and in force only where an institution publishes them."""

import json
from importlib.resources import files
from typing import Any

NAMES = ("style", "advertising")


def starter_list(name: str) -> dict[str, Any]:
    """Return a list's name, terms and allowed phrases, as ``publish_term_list`` takes them.

    ``style``: misspellings and wordy phrases. ``advertising``: superlatives and promises in admission texts, with the
    official names that hold such words.
    """
    text = (files("services.review") / "lists" / f"{name}.json").read_text("utf-8")
    data: dict[str, Any] = json.loads(text)
    return data
