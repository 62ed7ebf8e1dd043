"""Channels of a text in which terms are looked for; every character knows where in the original it came from."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat

import opencc

from services.review.chars import is_han
from services.review.lookalikes import latin
from shared.contracts.review.events import Match

# Default-ignorable characters that are not of category Cf: joiners, selectors and fillers that show nothing.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0") | frozenset(
    chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
)
_JAMO = frozenset(chr(code) for code in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)))
# Between two clauses stand words that do not belong together; a line break and a bracket part them just as well.
_PARTS_CLAUSES = frozenset("\n.,;:!?。、()[]{}<>《》〈〉「」『』【】“”\"‘’'…")
LONGEST_CLUSTER = 30  # UAX #15 §13, stream-safe text: sorting marks takes time quadratic in their number
FEW = 60  # different characters: to replace each of more takes as long as a table
LONGEST_FOLD = 6  # the longest squared word; U+FDFA would make a text eighteen times as long


@dataclass(frozen=True, slots=True)
class Mapped:
    """A text, and for each of its characters where in the original it begins (``origin``) and ends (``ends``)."""

    text: str
    origin: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the part of the original that ``text[start:end]`` came from; the range must not be empty."""
        return self.origin[start], self.ends[end - 1]


class _Kinds(dict[str, str]):
    """Han, separator, other, or nothing."""

    def __missing__(self, character: str) -> str:
        if not character:
            return ""
        separates = unicodedata.category(character)[0] in "PSZMC" and character not in _PARTS_CLAUSES
        self[character] = kind = "h" if is_han(character) else "s" if separates else "o"
        return kind


class _Visible(dict[str, bool]):
    def __missing__(self, character: str) -> bool:
        category = unicodedata.category(character)
        hidden = category == "Cf" or (category == "Cc" and not character.isspace()) or character in _INVISIBLE
        self[character] = visible = not hidden
        return visible


class _Joins(dict[str, bool]):
    """Whether a character may melt into the one before it."""

    def __missing__(self, character: str) -> bool:
        first = unicodedata.normalize("NFKD", character)[0]
        self[character] = joins = unicodedata.combining(first) > 0 or first in _JAMO
        return joins


class _Folded(dict[int, str]):
    """A table for ``str.translate``: single characters, folded. Clusters are not kept: there is no end of them."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold(chr(code))
        return folded


class _Plain(dict[str, bool]):
    """Whether a character is folded to one character, whatever stands before it."""

    def __missing__(self, character: str) -> bool:
        alone = _VISIBLE[character] and not _JOINS[character]
        self[character] = plain = alone and len(_FOLDED[ord(character)]) == 1
        return plain


_SIMPLIFIED = opencc.OpenCC("t2s")
_KINDS, _VISIBLE, _JOINS, _FOLDED, _PLAIN = _Kinds(), _Visible(), _Joins(), _Folded(), _Plain()


def normalised(text: str) -> Mapped:
    """Return the text in NFKC without invisible characters, simplified character by character, and case-folded.

    Letters of other scripts that look like Latin ones are Latin.
    """
    alphabet = set(text)
    odd = [each for each in alphabet if not _PLAIN[each]]
    plain = _folded_each(text, alphabet.difference(odd))
    characters: list[str] = []
    origin: list[int] = []
    ends: list[int] = []

    def add_plain(start: int, end: int) -> None:  # nearly all of most texts, and at a tenth of the time
        characters.append(plain[start:end])
        origin.extend(range(start, end))
        ends.extend(range(start + 1, end + 1))

    here = 0
    for begin, end in _odd_stretches(text, odd):
        add_plain(here, begin)
        for first, last, cluster in _clusters(text[begin:end]):
            folded = cluster.translate(_FOLDED) if len(cluster) == 1 else _fold(cluster)
            characters.append(folded)
            origin.extend(repeat(begin + first, len(folded)))
            ends.extend(repeat(begin + last, len(folded)))
        here = end
    if not odd:
        return Mapped(plain, range(len(text)), range(1, len(text) + 1))
    add_plain(here, len(text))
    return Mapped("".join(characters), origin, ends)


def _folded_each(text: str, plain: Iterable[str]) -> str:
    """Return the text with each of its plain characters folded, and the others as they stood."""
    changed = {each: to for each in plain if (to := _FOLDED[ord(each)]) != each}
    if len(changed) > FEW or not changed.keys().isdisjoint(changed.values()):
        return text.translate({ord(each): to for each, to in changed.items()})
    for each, to in changed.items():  # none of these makes another: at a tenth of a table's time
        text = text.replace(each, to)
    return text


def _odd_stretches(text: str, odd: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield where stretches of more than plain characters are, each from the letter on that marks may melt into."""
    for found in _runs_of(odd, text):
        yield max(0, found.start() - 1), found.end()


def _runs_of(characters: Iterable[str], text: str) -> Iterator[re.Match[str]]:
    """Return the runs of some characters. One of them comes first in the pattern: then the search is for a set."""
    some = re.escape("".join(sorted(characters)))
    return re.finditer(f"[{some}][{some}]*+", text) if some else iter(())


def squeezed(text: str) -> Mapped:
    """Return the text normalised and squeezed."""
    return squeeze(normalised(text))


def squeeze(channel: Mapped) -> Mapped:
    """Return a normalised text without what separates two Han characters.

    Spaces, marks and symbols go, the punctuation that parts clauses stays: 国·家级 is squeezed, 国，家级 is not.
    """
    text, here = channel.text, 0
    kept: list[slice] = []
    for gap in _runs_of([character for character in set(text) if _KINDS[character] == "s"], text):
        before, after = text[gap.start() - 1 : gap.start()], text[gap.end() : gap.end() + 1]
        if _KINDS[before] == _KINDS[after] == "h":
            kept.append(slice(here, gap.start()))
            here = gap.end()
    if not kept:
        return channel
    kept.append(slice(here, len(text)))
    return Mapped(
        "".join(text[part] for part in kept),
        [place for part in kept for place in channel.origin[part]],
        [place for part in kept for place in channel.ends[part]],
    )


def reading(text: str, match: Match) -> Mapped:
    """Return the text in the channel of ``match``."""
    match match:
        case "literal":
            return original(text)
        case "normalised":
            return normalised(text)
        case "squeezed":
            return squeezed(text)


def original(text: str) -> Mapped:
    """Return the text as it is, each character its own origin."""
    return Mapped(text, range(len(text)), range(1, len(text) + 1))


def _clusters(text: str) -> list[tuple[int, int, str]]:
    """Return each visible character with the marks that may melt into it, and where they stand."""
    clusters: list[tuple[int, int, str]] = []
    start, end, cluster = 0, 0, ""
    for index, character in enumerate(text):
        if not _VISIBLE[character]:
            continue
        if cluster and _JOINS[character] and len(cluster) < LONGEST_CLUSTER:
            end, cluster = index + 1, cluster + character
            continue
        if cluster:
            clusters.append((start, end, cluster))
        start, end, cluster = index, index + 1, character
    if cluster:
        clusters.append((start, end, cluster))
    return clusters


def _fold(cluster: str) -> str:
    composed = unicodedata.normalize("NFKC", cluster)
    if len(composed) > LONGEST_FOLD * len(cluster):
        return cluster
    simplified = "".join(_SIMPLIFIED.convert(character) for character in latin(composed))  # capitals have other likes
    return unicodedata.normalize("NFKC", latin(simplified.casefold()))
