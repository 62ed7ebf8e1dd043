"""A term list: whole versions, and nothing in it that cannot be looked for."""

from uuid import UUID

import pytest

from services.review import term_list
from services.review.checker import TermList, check
from services.review.starter_lists import NAMES, starter_list
from services.review.term_list import PublishTermList
from shared.contracts.review.events import Match, Term, TermListPublished
from shared.contracts.review.requests import PublishTermList as Request
from shared.errors import RuleBroken
from shared.testing import Scenario

LIST = UUID(int=1)
lists = Scenario(term_list)


def term(word: str, match: Match = "normalised") -> Term:
    return Term(term=word, category="c", severity="hint", suggestion=None, match=match)


def publish(*words: Term, allow: tuple[str, ...] = ()) -> PublishTermList:
    return PublishTermList(list_id=LIST, name="n", terms=words, allow=allow)


def published(version: int, *words: Term) -> TermListPublished:
    return TermListPublished(list_id=LIST, version=version, name="n", terms=words, allow=())


def test_each_publication_is_the_next_version() -> None:
    lists.when(publish(term("甲"))).then(published(1, term("甲")))
    lists.given(published(1, term("甲"))).when(publish(term("乙"))).then(published(2, term("乙")))


def test_the_same_list_again_is_no_version() -> None:
    lists.given(published(1, term("甲"))).when(publish(term("甲"))).then()


def test_a_term_stands_once() -> None:
    lists.when(publish(term("甲"), term("甲"))).then_refused(RuleBroken, "review.term_twice")


def test_a_term_of_which_nothing_is_left_is_refused() -> None:
    for empty in ("\u200b", " ", "\u200b \u00ad"):
        lists.when(publish(term(empty))).then_refused(RuleBroken, "review.term_empty")
        lists.when(publish(allow=(empty,))).then_refused(RuleBroken, "review.term_empty")


@pytest.mark.parametrize("name", NAMES)
def test_the_starter_lists_can_be_published(name: str) -> None:
    body = Request().load(starter_list(name))
    words = tuple(Term(**word) for word in body["terms"])
    command = PublishTermList(list_id=LIST, name=body["name"], terms=words, allow=tuple(body["allow"]))
    (event,) = lists.when(command).decided()
    assert isinstance(event, TermListPublished) and event.version == 1 and len(event.terms) > 30


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("advertising", "国家级一流专业与国家级大学生创新训练计划", []),
        ("advertising", "国家级设备，最·佳选择", ["国家级", "最佳"]),
        ("advertising", "获全省第一批立项，保证就业", ["保证就业"]),
        ("style", "本月份内既使用新系统，既使下雨", ["既使"]),
    ],
)
def test_the_starter_lists_know_official_names(name: str, text: str, expected: list[str]) -> None:
    data = starter_list(name)
    one = TermList(LIST, 1, tuple(Term(**word) for word in data["terms"]), tuple(data["allow"]))
    assert [finding.term for finding in check("", text, [one])] == expected
