"""What the content service takes as a draft, asked before anything is sent to it."""

from collections.abc import Mapping
from typing import Any

from shared.contracts.content.requests import DraftArticle
from shared.ids import new_id

_DRAFT = DraftArticle()


def require_draft(text: Mapping[str, Any]) -> None:
    """Pass when a draft of that text is one. Raises: Invalid: with the fields to blame."""
    _DRAFT.load({**text, "unit_id": str(new_id())})
