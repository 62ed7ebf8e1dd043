"""What may stand in an article's HTML."""

import re
from html.parser import HTMLParser
from typing import Any

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.content import html
from services.content.html import ATTRIBUTES, TAGS, clean

PIECES = (
    "<p>", "</p>", "<b>", "</b>", "<i>", "<a href='javascript:alert(1)'>", "<a href='https://x.cn'>", "</a>", "<h2>",
    "<table>", "<tr>", "<td>", "</table>", "<ul>", "<li>", "<blockquote>", "<br>", "<figure>", "<figcaption>",
    "<svg>", "</svg>", "<math>", "<mtext>", "<mglyph>", "<annotation-xml encoding='text/html'>", "<style>", "</style>",
    "<script>", "</script>", "<noscript>", "</noscript>", "<select>", "<option>", "<template>", "<form>", "<textarea>",
    "</textarea>", "<title>", "<xmp>", "<!--", "-->", "<![CDATA[", "]]>", "<img src=x onerror=alert(1)>", "&lt;",
    "&#x3c;", "<p title='</noscript><img src=x onerror=alert(1)>'>", "\u00a0", "\n", "正文",
)  # fmt: skip
PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=x:alert(alt) onerror=eval(src) alt=xss>",
    "<svg onload=alert(1)><desc></desc></svg>",
    "<svg><script href='data:text/javascript,alert(1)' /></svg>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='JaVaScRiPt&colon;alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='javascript:alert(1)'></object><embed src='x'>",
    "<form action='javascript:alert(1)'><button formaction='javascript:alert(1)'>x</button></form>",
    "<p style='background:url(javascript:alert(1))' onclick=alert(1) class=x id=y>x</p>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<link rel=stylesheet href='https://evil.example/x.css'><base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<p title='--><img src=x onerror=alert(1)>'>x</p>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
)


class Seen(HTMLParser):
    """Notes every tag and attribute a reader of the HTML would meet."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.comments: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def assert_harmless(text: str) -> None:
    seen = Seen()
    seen.feed(text)
    seen.close()
    assert not seen.comments
    for tag, attributes in seen.tags:
        assert tag in TAGS
        assert attributes.keys() <= ATTRIBUTES.get(tag, set()) | ({"rel"} if tag == "a" else set())
        for value in (attributes.get("href"), attributes.get("src")):
            scheme, colon, _ = (value or "").partition(":")
            assert not colon or scheme in html.URL_SCHEMES or "/" in scheme


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_that_could_run_is_left(payload: str) -> None:
    """S29."""
    assert_harmless(clean(payload))
    assert_harmless(clean(f"<p>{payload}</p><table>{payload}</table>"))


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_cleaning_again_changes_nothing_and_what_is_left_is_harmless(text: str) -> None:
    """S29."""
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert_harmless(cleaned)


@given(st.text())
def test_any_text_at_all_is_cleaned_to_a_fixed_point(text: str) -> None:
    """S29."""
    assert clean(clean(text)) == clean(text)


ARTICLE = (
    "<p>", "</p>", "<h2>", "</h2>", "<div>", "</div>", "<br>", "<b>", "</b>", "<b>重点</b>", "<p>正文</p>", "<table>",
    "<a href='/x?a=1&b=&quot;' title='&#13;>'>", "</a>", "<img src='/y' alt='&lt;'>", "&#0;", "&nbsp;", "&amp;lt;",
    "\r", "&#13;", "文",
)  # fmt: skip
PASTED = '<p class="MsoNormal">一 <b>二</b><br><img src="/y" alt="图"></p><h2 id="x">三</h2> <p><a href="/z">四</a></p>'


@given(st.lists(st.sampled_from(ARTICLE), max_size=12).map("".join))
def test_what_stands_by_its_form_is_what_cleaning_again_would_leave(text: str) -> None:
    """S29."""
    once = html._clean_once(text)
    if html._STANDS.fullmatch(once):
        assert html._clean_once(once) == once


def test_an_ordinary_article_is_cleaned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[str] = []
    clean_once = html._clean_once

    def counted(text: str) -> str:
        passes.append(text)
        return clean_once(text)

    monkeypatch.setattr(html, "_clean_once", counted)
    cleaned = clean(PASTED)
    assert passes == [PASTED] and "MsoNormal" not in cleaned
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize("text", ["<p><select><p>", "<p>a&#13;b</p>", "<p><a href='/&#13;'>x</a></p>"])
def test_a_form_that_took_anything_would_return_what_does_not_stand(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """S29: the mutant that believes every first pass."""
    assert clean(clean(text)) == clean(text)
    monkeypatch.setattr(html, "_STANDS", re.compile(".*", re.DOTALL))
    assert clean(clean(text)) != clean(text)


def test_the_naive_single_pass_reads_its_own_output_otherwise() -> None:
    """S29: the mutant that cleans once."""
    once = nh3.clean("<p><select><p>", tags=TAGS)
    assert nh3.clean(once, tags=TAGS) != once
    assert clean(clean("<p><select><p>")) == clean("<p><select><p>")


def test_what_never_stands_still_is_shown_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """S29."""
    monkeypatch.setattr(html, "PASSES", 0)
    assert clean("<b>x & y</b>") == "&lt;b&gt;x &amp; y&lt;/b&gt;"


def test_what_an_editor_needs_is_kept() -> None:
    kept = (
        '<h2>潮汐</h2><p>第一段 <strong>重点</strong><br><a href="https://www.example.org/" title="源" '
        'rel="noopener noreferrer">链接</a></p><figure><img src="/v1/assets/1/renditions/web" alt="图">'
        '<figcaption>图注</figcaption></figure><table><tbody><tr><td colspan="2">格</td></tr></tbody></table>'
    )
    assert clean(kept) == kept


def test_a_whole_page_keeps_only_its_body() -> None:
    page = "<!doctype html><html><head><title>T</title><style>p{}</style></head><body><p>正文</p></body></html>"
    assert clean(page) == "<p>正文</p>"
