"""Personal data: found in whatever dress, and never kept."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.review import personal_data
from services.review.checker import check
from services.review.personal_data import CATEGORY, is_bank_card, is_id_card

ID_CARD, BANK_CARD = "11010519491231002X", "6222021234567890128"


def found(text: str) -> list[tuple[str, str]]:
    findings = check("", text, [])
    assert all(finding.category == CATEGORY and set(finding.found) == {"*"} for finding in findings)
    return [(finding.term, text[finding.start : finding.end]) for finding in findings]


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        (f"身份证{ID_CARD}。", ("id_card", ID_CARD)),
        ("身份证11010519491231002x号", ("id_card", "11010519491231002x")),
        ("手机：１３８-１２３４-５６７８", ("mobile", "１３８-１２３４-５６７８")),
        ("电话+86 13812345678", ("mobile", "86 13812345678")),
        ("卡号6222 0212 3456 7890 128", ("bank_card", "6222 0212 3456 7890 128")),
        ("联系li.lei@example.edu.cn。", ("email", "li.lei@example.edu.cn")),
        ("手机138\u200b12345678", ("mobile", "138\u200b12345678")),
    ],
)
def test_personal_data_is_found_and_masked(text: str, hit: tuple[str, str]) -> None:
    assert found(text) == [hit]


@pytest.mark.parametrize(
    "text",
    ["号11010519491231002 1", "110105194912310021", "110105194902310029", "电话0513-81234567",
     "订单12345678901234567890", "12812345678", "6222021234567890127", "a@b", "2021年12月31日"],
)  # fmt: skip
def test_other_numbers_are_left_alone(text: str) -> None:
    assert found(text) == []


def test_the_check_digits_decide() -> None:
    assert is_id_card(ID_CARD) and not is_id_card(ID_CARD[:-1] + "1")
    assert is_bank_card(BANK_CARD) and not is_bank_card(BANK_CARD[:-1] + "7")


def test_an_identity_card_and_a_bank_card_block() -> None:
    severities = {
        finding.term: finding.severity for finding in check("", f"{ID_CARD} 或 {BANK_CARD} 或 13812345678", [])
    }
    assert severities == {"id_card": "blocking", "bank_card": "blocking", "mobile": "warning"}


def every_one_has_its_sign(data: st.DataObject) -> None:
    """Assert that what a detector's pattern finds is never passed over for want of its sign."""
    detector = data.draw(st.sampled_from(personal_data._ALL))
    value = data.draw(st.from_regex(detector.pattern, fullmatch=True))
    assert detector.sign.search(f"文{value}文")


@given(st.data())
def test_whatever_a_detector_would_find_shows_its_sign(data: st.DataObject) -> None:
    every_one_has_its_sign(data)


def test_a_sign_without_the_marks_between_digits_would_pass_numbers_over() -> None:
    """The mutant."""
    spaced = "138-1234-5678"
    assert found(f"电话{spaced}") == [("mobile", spaced)]
    assert personal_data._DIGITS.search(spaced) and not re.search("[0-9]{11}", spaced)
