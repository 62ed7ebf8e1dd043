"""What changed between two texts, as unified lines."""

import re
from difflib import unified_diff

END_OF_BLOCK = re.compile(r"(</(?:p|h[2-4]|li|ul|ol|blockquote|figure|table|tr)>|<br>|<hr>)\n?")
MAX_LINES = 5_000
CONTEXT_LINES = 2


def unified(before: str, after: str) -> list[str]:
    """Return the lines of HTML that differ, with their neighbours: ``-`` gone, ``+`` new, `` `` kept, ``@@`` where.

    Texts of very many lines are compared as one line each: comparing takes time by the square of their number.
    """
    old, new = lines(before), lines(after)
    if max(len(old), len(new)) > MAX_LINES:
        old, new = [before], [after]
    return list(unified_diff(old, new, n=CONTEXT_LINES, lineterm=""))[2:]


def lines(html: str) -> list[str]:
    """Return HTML as lines, one a block."""
    return END_OF_BLOCK.sub(r"\1\n", html).splitlines()
