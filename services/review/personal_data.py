"""Personal data that does not belong in a publication: where it stands and how long it is, never the value itself."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from services.review.normalise import Mapped
from shared.contracts.review.events import ListVersion, Severity
from shared.ids import named_id

CATEGORY = "personal_data"
DETECTORS = ListVersion(list_id=named_id("term_list", CATEGORY), version=1)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A hit in the original text, masked."""

    start: int
    end: int
    masked: str
    detector: "Detector"


@dataclass(frozen=True, slots=True)
class Detector:
    """What one kind of personal data looks like in a normalised text; where no ``sign`` of it is, it is not."""

    name: str
    severity: Severity
    suggestion: str
    sign: re.Pattern[str]
    pattern: re.Pattern[str]
    holds: Callable[[str], bool]


def sightings(channel: Mapped) -> Iterator[Sighting]:
    """Yield what the detectors find in a normalised text, detector by detector, from left to right."""
    for detector in _ALL:
        if not detector.sign.search(channel.text):
            continue
        for hit in detector.pattern.finditer(channel.text):
            if detector.holds(hit.group()):
                start, end = channel.span(hit.start(), hit.end())
                yield Sighting(start, end, "*" * (end - start), detector)


def is_id_card(number: str) -> bool:
    """Return whether 18 characters are a resident identity number: a birthday and the check digit (GB 11643)."""
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:17], strict=True))
    return "10x98765432"[total % 11] == number[17].lower()


def is_bank_card(number: str) -> bool:
    """Return whether the digits in ``number`` end with their check digit (Luhn, ISO/IEC 7812-1)."""
    digits = [int(character) for character in number if character.isdigit()][::-1]
    return sum(digits[::2] + [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]) % 10 == 0


# Looked for first, in a tenth of the time: most texts have neither eleven digits in a row nor an @.
_DIGITS = re.compile(r"[0-9](?:[ -]?[0-9]){10}")
_AT = re.compile("@")
# Every pattern starts only where its run of characters starts, so that no run is looked at from each of its places.
_ALL = (
    Detector(
        name="id_card",
        severity="blocking",
        suggestion="公开发布前请删去身份证号码",
        sign=_DIGITS,
        pattern=re.compile(r"(?<![0-9])[1-9][0-9]{16}[0-9x](?![0-9])"),
        holds=is_id_card,
    ),
    Detector(
        name="bank_card",
        severity="blocking",
        suggestion="公开发布前请删去银行卡号",
        sign=_DIGITS,
        pattern=re.compile(r"(?<![0-9])[3-69](?:[ -]?[0-9]){15,18}(?![0-9])"),
        holds=is_bank_card,
    ),
    Detector(
        name="mobile",
        severity="warning",
        suggestion="确需公布联系方式时请改用办公电话",
        sign=_DIGITS,
        pattern=re.compile(r"(?<![0-9])(?:86[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}(?![0-9])"),
        holds=lambda _: True,
    ),
    Detector(
        name="email",
        severity="hint",
        suggestion="请确认该邮箱可以公开",
        sign=_AT,
        pattern=re.compile(r"(?<![a-z0-9._%+-])[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4}"),
        holds=lambda _: True,
    ),
)
