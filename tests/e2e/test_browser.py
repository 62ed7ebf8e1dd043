"""The console in a real browser: what people see and do, from the first sign-in to the cell that changes by itself."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from infra.demo import pictures
from tests.e2e.browsers import NARROW, PATIENCE_MS, WIDE, SignIn
from tests.e2e.platforms import Platform

PAGES = ("/", "/articles", "/reviews", "/assets", "/shoots", "/live", "/training", "/imports", "/admin", "/sign-in")
UNIT, TITLE = "传媒与设计学院", "传媒学院举办毕业设计作品展"


@pytest.fixture(scope="module")
def unit(embedded: Platform) -> str:
    """Give a unit with a website, where news are reviewed, and one article published in July 2021."""
    admin, day = embedded.admin, "2018-09-01"
    made = str(admin.post("units", {"name": UNIT, "kind": "college", "since": day})["id"])
    channel = {"unit_id": made, "kind": "website", "name": "学院网站", "opened_at": f"{day}T00:00:00Z"}
    admin.post("channels", channel)
    admin.post("review-schemes", {"name": "一审", "article_kinds": ["news"]})
    shoot = {"unit_id": made, "title": "展览摄影", "kind": "photo", "starts_at": "2021-07-01T02:00:00Z"}
    for _ in range(2):
        planned = admin.post("shoots", shoot)["id"]
        admin.post(f"shoots/{planned}/completion", {"at": "2021-07-01T04:00:00Z"})
    return made


def test_a_wrong_key_is_refused_in_words(embedded: Platform, browser: Browser) -> None:
    """Nobody gets past the sign-in page with a key that is none; every page leads there."""
    page = browser.new_page(base_url=embedded.url)
    page.goto("/articles")
    page.wait_for_url(re.compile("/sign-in"))
    page.locator("#other").click()
    page.locator("#key").fill("mm_wrong_key")
    page.locator("form button[type=submit]").click()
    expect(page.get_by_role("alert")).not_to_be_empty()
    page.close()


def test_a_person_comes_in_with_a_one_time_password_and_goes_everywhere(embedded: Platform, browser: Browser) -> None:
    """S06: a strict cookie also without TLS on one's own machine; another password ends other sessions."""
    new = {"name": "李华", "role": "viewer", "units": ["*"], "login": "li.hua"}
    account = embedded.admin.post("accounts", new)["id"]
    given = embedded.admin.post(f"accounts/{account}/password", {})["one_time_password"]
    desk, phone = (browser.new_context(base_url=embedded.url, locale="zh-CN") for _ in range(2))
    page = desk.new_page()
    enter(page, "li.hua", given)
    page.locator("#new_password").fill("tea in the garden")
    page.locator("form button[type=submit]").click()
    expect(page.locator("#main")).to_be_visible()
    [cookie] = desk.cookies()
    assert cookie["name"] == "__Host-matrix_session" and cookie["secure"] and cookie["httpOnly"]
    assert (cookie["sameSite"], cookie["path"]) == ("Lax", "/")
    other = phone.new_page()
    enter(other, "li.hua", "tea in the garden")
    expect(other.locator("#main")).to_be_visible()
    page.locator("#account").click()
    page.locator("#change-password").click()
    page.locator("dialog input[name=password]").fill("tea in the garden")
    page.locator("dialog input[name=new_password]").fill("coffee in the yard")
    page.locator("dialog button[type=submit]").click()
    expect(page.locator("dialog")).to_have_count(0)
    other.goto("/articles")
    other.wait_for_url(re.compile("/sign-in"))
    page.locator("#account").click()
    page.locator("#sign-out-everywhere").click()
    page.wait_for_url(re.compile("/sign-in"))
    for context in (desk, phone):
        context.close()


def enter(page: Page, login: str, password: str) -> None:
    page.set_default_timeout(PATIENCE_MS)
    page.goto("/sign-in")
    page.locator("#login").fill(login)
    page.locator("#password").fill(password)
    page.locator("form button[type=submit]").click()


def test_a_cell_of_the_board_opens_onto_what_it_counts(embedded: Platform, unit: str, sign_in: SignIn) -> None:
    """The number in the cell, and the two events behind it."""
    page = sign_in(embedded.person("viewer"))
    page.goto("/?period=2021")
    cell = page.locator(f'[data-key="{unit}|shoots"]')
    expect(cell).to_have_text("2")
    cell.click()
    drawer = page.get_by_role("complementary")
    expect(drawer.get_by_role("listitem")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_from_the_desk_over_the_review_into_the_cell_without_reloading(
    embedded: Platform, unit: str, sign_in: SignIn, tmp_path: Path
) -> None:
    """Done when: submitted with a photograph as one person, approved and published as another; the cell changes."""
    author = sign_in(embedded.person("correspondent", unit, name="作者"))
    editor_is = embedded.person("college_editor", unit, name="编辑")
    editor, board = sign_in(editor_is), sign_in(editor_is)
    expect(board.get_by_role("table")).to_be_visible()
    board.evaluate("window.neverReloaded = true")

    _write(author, tmp_path)
    author.get_by_role("button", name="送审").click()
    expect(author.locator("article .badge-submitted")).to_be_visible()
    expect(author.locator("article .photo img")).to_have_count(1)

    editor.goto("/reviews")
    editor.locator(".row-item", has_text=TITLE).click()
    with editor.expect_response(lambda answer: answer.url.endswith("/decision") and answer.status == 200):
        editor.locator("footer .btn-success").click()
    # The desk of the author, still open, tells of the decision by itself.
    expect(author.locator("article .badge-approved")).to_be_visible()

    editor.goto("/articles")
    editor.locator(".row-item", has_text=TITLE).click()
    editor.locator("article").get_by_role("button", name="发布").click()
    editor.get_by_role("dialog").locator("button[type=submit]").click()
    expect(editor.locator("article .badge-published").first).to_be_visible()

    expect(board.locator(f'[data-key="{unit}|news_published"]')).to_have_text("1")
    assert board.evaluate("window.neverReloaded") is True


def test_a_file_is_tried_imported_and_its_rows_are_told_apart(
    embedded: Platform, unit: str, sign_in: SignIn, tmp_path: Path
) -> None:
    """What it was taken for, what would become of its rows, what became of them, and the report; not for a viewer."""
    viewer = sign_in(embedded.person("viewer"))
    expect(viewer.locator("[data-link=articles]")).to_be_visible()
    expect(viewer.locator("[data-link=imports]")).to_have_count(0)
    file = tmp_path / "统计.xls"
    file.write_bytes(
        "<table><tr><td>日期<td>粉丝数<tr><td>2021-07-01<td>100<tr><td>昨天<td>1</table>".encode("gb18030")
    )

    page = sign_in(embedded.person("college_editor", unit))
    page.locator("[data-link=imports]").click()
    page.locator("#import-file").set_input_files(file)
    expect(page.locator("[data-count=rejected] strong")).to_have_text("2")  # no channel is named yet
    page.get_by_label("阵地", exact=True).select_option(label="学院网站（网站）")
    expect(page.locator("[data-count=accepted] strong")).to_have_text("1")
    expect(page.locator(".import-sample")).to_contain_text("2021-07-01")
    assert embedded.admin.get("imports", dry_run="false")["items"] == []

    page.get_by_role("button", name="导入", exact=True).click()
    expect(page.locator("article .badge-done")).to_be_visible()
    expect(page.locator(".import-rows tbody tr")).to_have_count(1)
    expect(page.locator(".import-rows tbody")).to_contain_text("不是可以识别的日期")
    with page.expect_download() as report:
        page.get_by_role("link", name="下载逐行报告").click()
    told = report.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in told[1:]] == [["2", "accepted"], ["3", "rejected"]]


def test_the_author_cannot_decide_in_the_review_desk(embedded: Platform, unit: str, sign_in: SignIn) -> None:
    """S13: an editor's own text shows no way to decide on it."""
    person = embedded.person("college_editor", unit)
    body = {"unit_id": unit, "kind": "news", "title": "自己的稿件", "body": "<p>正文。</p>"}
    article = person.post("articles", body)["id"]
    person.post(f"articles/{article}/submission", {})
    page = sign_in(person)
    page.goto("/reviews")
    page.locator(".row-item", has_text="自己的稿件").click()
    expect(page.get_by_role("heading", name="自己的稿件")).to_be_visible()
    expect(page.locator("footer .btn-success")).to_have_count(0)


def test_the_language_is_a_choice_that_stays(embedded: Platform, unit: str, sign_in: SignIn) -> None:
    """Chinese first; English after a click, also on the next page."""
    page = sign_in(embedded.person("viewer"))
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.locator('button[lang="en"]').click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto("/articles")
    expect(page.get_by_role("navigation").get_by_role("link").first).to_have_text(re.compile("[A-Za-z]+"))


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["390", "1280"])
def test_no_page_is_wider_than_the_window(embedded: Platform, unit: str, sign_in: SignIn, size: dict[str, int]) -> None:
    """At a phone's width and a desk's: nothing makes the page itself scroll sideways."""
    page = sign_in(embedded.admin, size)
    for path in PAGES:
        page.goto(path)
        expect(page.locator("#page[aria-busy]")).to_have_count(0)
        with suppress(TimeoutError):
            page.wait_for_load_state("load")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size["width"], f"{path} is {wide} px wide"


def test_on_a_small_desk_every_page_has_its_link_in_view(embedded: Platform, unit: str, sign_in: SignIn) -> None:
    """In English, whose words are the longer ones, on the page whose head says most."""
    page = sign_in(embedded.admin)
    page.locator('button[lang="en"]').click()
    expect(page.get_by_role("link", name="Admin")).to_be_visible()
    links = page.locator(".links")
    assert links.evaluate("bar => bar.scrollWidth <= bar.clientWidth")


def test_on_a_telephone_the_pages_own_link_is_in_view(embedded: Platform, unit: str, sign_in: SignIn) -> None:
    """Also when the count of waiting reviews has come and moved the links on."""
    page = sign_in(embedded.admin, NARROW)
    page.route("**/v1/reviews?*", lambda route: route.fulfill(json={"items": [{}] * 12, "next": None}))
    page.goto("/admin")
    expect(page.locator("[data-link=reviews] .badge")).to_be_visible()
    expect(page.locator("[data-link=admin]")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["390", "1280"])
def test_nothing_sticks_out_of_a_form(embedded: Platform, unit: str, sign_in: SignIn, size: dict[str, int]) -> None:
    """Also when it says what is missing."""
    page = sign_in(embedded.admin, size)
    for path in ("/shoots", "/training", "/live", "/admin?part=accounts"):
        page.goto(path)
        page.locator(".desk-filters").get_by_role("button").click()
        page.locator("dialog button[type=submit]").click()
        expect(page.locator("dialog [aria-invalid]").first).to_be_focused()
        assert page.locator("dialog").evaluate("form => form.scrollWidth <= form.clientWidth"), path


def test_an_empty_list_says_what_to_do_next(embedded: Platform, unit: str, sign_in: SignIn) -> None:
    """Where there is nothing yet, how to begin, if one may; where a filter leaves nothing, that it does."""
    admin, viewer = sign_in(embedded.admin), sign_in(embedded.person("viewer"))
    for page, said in ((admin, "还没有直播。从“安排直播”开始。"), (viewer, "还没有直播。")):
        page.goto("/live")
        expect(page.locator(".desk-list .empty-note")).to_have_text(said)
    admin.locator(".desk-filters select").first.select_option("ended")
    expect(admin.locator(".desk-list .empty-note")).to_have_text("没有符合条件的，请放宽上面的条件。")


def test_a_desk_names_what_is_open_and_gives_the_focus_back(embedded: Platform, unit: str, sign_in: SignIn) -> None:
    """For those who walk by keys: a row is opened, closed, and stood on again."""
    page = sign_in(embedded.admin)
    page.goto("/shoots")
    row = page.locator(".row-item").last
    row.click()
    expect(page.locator(".desk-pane h1")).to_be_focused()
    expect(page).to_have_title("展览摄影 · 拍摄 · 媒体矩阵")
    page.keyboard.press("Escape")
    expect(row).to_be_focused()
    expect(page).to_have_title("拍摄 · 媒体矩阵")


def _write(page: Page, folder: Path) -> None:
    """Write and save an article with an uploaded photograph."""
    photo = folder / "展览.jpg"
    photo.write_bytes(pictures.draw("browser", 1))
    page.goto("/articles#new")
    page.locator("[name=title]").fill(TITLE)
    page.locator("[name=body]").fill("展览现场气氛热烈。\n\n师生积极参与。")
    page.locator("input[type=file]").set_input_files(photo)
    expect(page.locator("form .photo img")).to_have_count(1)
    page.locator("form button[type=submit]").click()
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
