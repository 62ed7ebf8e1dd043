"""Article HTML: what may stand in it. Everything else is taken out, on the way in and again on the way out."""

import re
from html import escape

import nh3

TAGS = {
    "p", "br", "h2", "h3", "h4", "strong", "em", "b", "i", "u", "s", "sub", "sup", "blockquote", "ul", "ol", "li",
    "a", "img", "figure", "figcaption", "table", "thead", "tbody", "tr", "th", "td", "hr",
}  # fmt: skip
ATTRIBUTES: dict[str, set[str]] = {
    "*": set(),  # else the library adds its own
    "a": {"href", "title"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
GONE_WITH_CONTENT = {"script", "style", "svg", "math", "template", "noscript", "iframe", "object", "title"}
URL_SCHEMES = {"http", "https", "mailto"}
PASSES = 8
# What surely stands still: paragraphs and headings side by side, and in them text, images and single marked words. Each
# element is closed where it was opened and may stand there, and no character is one that a parser reads otherwise.
_TEXT, _ATTRIBUTES = r"[^<\r\0]++", r'(?: [a-z]++="[^"<>\r\0]*+")*+'
_WORDS = rf"<(a|strong|em|b|i|u|s|sub|sup){_ATTRIBUTES}>(?:{_TEXT})?+</\2>"
_STANDS = re.compile(rf"(?:{_TEXT}|<(p|h[234])>(?:{_TEXT}|<(?:br|img){_ATTRIBUTES}>|{_WORDS})*+</\1>)*+")


def clean(html: str) -> str:
    """Return the HTML with only what is allowed; cleaning it again changes nothing.

    A parser moves what stands in a wrong place (``<p>`` in ``<p>`` after a tag was taken out): what comes out may be
    read otherwise than it was written. So it is cleaned until it stands still, as its form says or cleaning it again
    shows; what never does is shown as text.
    """
    for _ in range(PASSES):
        cleaned = _clean_once(html)
        if cleaned == html or _STANDS.fullmatch(cleaned):
            return cleaned
        html = cleaned
    return _clean_once(escape(html, quote=False))


def _clean_once(html: str) -> str:
    return nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags=GONE_WITH_CONTENT,
        attributes=ATTRIBUTES,
        url_schemes=URL_SCHEMES,
        link_rel="noopener noreferrer",
        strip_comments=True,
    )
