"""A real browser, and people who sign in with it, each in a window of their own."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from infra.servers.packages import chromium
from tests.e2e.platforms import Person, Platform

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE_MS = 20_000
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
SignIn = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give a headless Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(chromium()), headless=True, args=FLAGS)
        expect.set_options(timeout=PATIENCE_MS)
        yield started
        started.close()


@pytest.fixture
def sign_in(embedded: Platform, browser: Browser) -> Iterator[SignIn]:
    """Give a function that signs a person in, in a window of their own; what a page's script threw fails the test."""
    contexts, thrown = [], list[str]()

    def enter(person: Person, size: dict[str, int] = WIDE) -> Page:
        context = browser.new_context(
            base_url=embedded.url, viewport={"width": size["width"], "height": size["height"]}, locale="zh-CN"
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: thrown.append(str(error)))
        page.goto("/sign-in")
        page.locator("#other").click()
        page.locator("#key").fill(person.key)
        page.locator("form button[type=submit]").click()
        page.wait_for_url(f"{embedded.url}/")
        expect(page.locator("#main")).to_be_visible()
        return page

    yield enter
    for context in contexts:
        context.close()
    assert thrown == []
