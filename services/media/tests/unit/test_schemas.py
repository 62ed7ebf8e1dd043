"""Names of files are shown to people and never are keys."""

from hypothesis import given
from hypothesis import strategies as st

from services.media.schemas import MAX_FILENAME, plain_name


def test_folders_and_control_characters_are_dropped() -> None:
    """S41."""
    assert plain_name("../../etc/passwd") == "passwd"
    assert plain_name("C:\\Users\\me\\照片.JPG") == "照片.JPG"
    assert plain_name("a\r\nSet-Cookie: x\0.jpg") == "a Set-Cookie: x .jpg"
    assert plain_name("..") == plain_name("/") == plain_name("\x00") == "file"


@given(st.text(max_size=400))
def test_no_name_leads_anywhere(name: str) -> None:
    """S41."""
    plain = plain_name(name)
    assert 0 < len(plain) <= MAX_FILENAME
    assert plain.isprintable() and not set(plain) & {"/", "\\"} and plain not in (".", "..")
