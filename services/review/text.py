"""HTML to the plain text a reader sees. A single pass: the time grows with the length, whatever the nesting."""

import re
from html import unescape

BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
HIDDEN = frozenset({"script", "style"})
_TAG = re.compile(r"</?([a-zA-Z][^\s/>]*+)")
# A quote matters only after "=". Possessive, so that a tag that never ends is given up after one look.
_TAG_REST = re.compile(r"""(?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+>""")
_SPACE = re.compile(r"\s+")


def plain_text(html: str) -> str:
    """Return the text of sanitised HTML, as every offset of a finding counts it.

    Tags leave nothing behind, block elements and ``br`` a line break, entities their character; comments, scripts and
    styles are left out. A run of white space is one space, or one line break where it held one; the ends are bare.
    """
    return _SPACE.sub(_one_space, "".join(_pieces(html))).strip()


def _one_space(run: re.Match[str]) -> str:
    return "\n" if "\n" in run.group() else " "


def _pieces(html: str) -> list[str]:
    pieces: list[str] = []
    here = 0
    while (opening := html.find("<", here)) >= 0:
        pieces.append(unescape(html[here:opening]))
        here, left = _after_markup(html, opening)
        if here < 0:
            return pieces  # it never ends: a browser shows nothing of what follows
        pieces.append(left)
    pieces.append(unescape(html[here:]))
    return pieces


def _after_markup(html: str, opening: int) -> tuple[int, str]:
    """Return where the markup at ``opening`` ends (-1: nowhere) and what it leaves in the text."""
    if html.startswith("<!--", opening):
        return _past(html, "-->", opening + 4), ""
    if html.startswith(("<!", "<?"), opening):
        return _past(html, ">", opening), ""
    tag = _TAG.match(html, opening)
    if tag is None:
        return opening + 1, "<"
    rest = _TAG_REST.match(html, tag.end())
    if rest is None:
        return -1, ""
    name = tag.group(1).lower()
    if name in HIDDEN and html[opening + 1] != "/":
        hidden = re.compile(f"</{name}[^>]*+>", re.IGNORECASE).search(html, rest.end())
        return (hidden.end() if hidden else -1), ""
    return rest.end(), "\n" if name in BLOCKS else ""


def _past(html: str, mark: str, start: int) -> int:
    found = html.find(mark, start)
    return found + len(mark) if found >= 0 else -1
