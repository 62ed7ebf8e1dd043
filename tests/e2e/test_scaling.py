"""The distributed platform keeps its promises while its parts come and go."""

from concurrent.futures import ThreadPoolExecutor

from infra.servers import Servers
from tests.e2e.newsroom import newsroom
from tests.e2e.platforms import Platform, eventually

ARTICLES = 60


def test_review_is_scaled_up_and_down_and_the_broker_restarted_under_load(
    distributed: Platform, servers: Servers
) -> None:
    """F37, F40, Done when: nothing is lost and nothing is doubled."""
    with newsroom(distributed, ARTICLES) as news, ThreadPoolExecutor(1) as people:
        working = people.submit(news.work)
        news.wait_for(ARTICLES // 6)
        distributed.start("second review")
        news.wait_for(ARTICLES * 2 // 6)
        distributed.stop("review")  # the second one takes over what the first consumed
        news.wait_for(ARTICLES * 3 // 6)
        servers.rabbit.stop()
        servers.rabbit.start()
        news.wait_for(ARTICLES * 5 // 6)
        distributed.start("review")
        distributed.stop("second review")
        published = working.result()
        eventually(lambda: news.news_published() == ARTICLES)
        news.assert_exact(published)
        assert news.work() == published
        news.assert_exact(published)
    assert distributed.matrix("dead-letters", "list").stdout.startswith("0 dead letters")
    assert distributed.matrix("verify").returncode == 0


def test_what_a_killed_process_had_in_hand_is_done_by_its_successor(distributed: Platform) -> None:
    """F09, F11: relay, projector and a service killed under load."""
    with newsroom(distributed, ARTICLES // 3) as news, ThreadPoolExecutor(1) as people:
        working = people.submit(news.work)
        for name in ("relay", "content", "projector"):
            news.wait_for(news.done + 1)
            distributed.kill(name)
            distributed.start(name)
        published = working.result()
        eventually(lambda: news.news_published() == ARTICLES // 3)
        news.assert_exact(published)
    said = distributed.matrix("rebuild", "matrix").stdout
    assert "it was right already" in said, said
