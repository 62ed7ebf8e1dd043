"""What changed between two texts."""

from services.content.diff import MAX_LINES, unified


def test_equal_texts_differ_in_nothing() -> None:
    assert unified("<p>一</p>", "<p>一</p>") == []


def test_a_changed_paragraph_is_shown_between_its_neighbours() -> None:
    before, after = ("<p>一</p><p>二</p><p>三</p>", "<p>一</p><p>二！</p><p>三</p>")
    assert unified(before, after) == ["@@ -1,3 +1,3 @@", " <p>一</p>", "-<p>二</p>", "+<p>二！</p>", " <p>三</p>"]


def test_blocks_of_every_kind_are_lines() -> None:
    before = "<h2>题</h2>一<br>二<ul><li>甲</li><li>乙</li></ul>"
    after = before.replace("乙", "丙")
    shown = ["@@ -2,4 +2,4 @@", " 一<br>", " 二<ul><li>甲</li>", "-<li>乙</li>", "+<li>丙</li>", " </ul>"]
    assert unified(before, after) == shown


def test_texts_of_very_many_lines_are_compared_whole() -> None:
    before = "<br>" * (MAX_LINES + 1)
    assert unified(before, before + "x") == ["@@ -1 +1 @@", f"-{before}", f"+{before}x"]
