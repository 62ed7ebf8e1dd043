"""The desks in a real browser: what editors, reviewers, photographers and administrators do there all day."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from infra.demo import pictures
from tests.e2e.browsers import SignIn
from tests.e2e.platforms import Person, Platform, eventually

NAME, BLOCKED = "海安校区", "第一名校"
DAY, LINK = "2018-09-01", "https://news.example.edu/2021/0701"


@pytest.fixture(scope="module")
def unit(embedded: Platform) -> str:
    """Give a unit with a website, where news are reviewed and one term blocks them."""
    admin = embedded.admin
    made = str(admin.post("units", {"name": NAME, "kind": "campus", "since": DAY})["id"])
    admin.post("channels", {"unit_id": made, "kind": "website", "name": "校区网站", "opened_at": f"{DAY}T00:00:00Z"})
    admin.post("review-schemes", {"name": "一审", "article_kinds": ["news"]})
    term = {"term": BLOCKED, "category": "advertising_law", "severity": "blocking"}
    admin.post("term-lists", {"name": "广告法", "terms": [term]})
    return made


@pytest.fixture(scope="module")
def author(embedded: Platform, unit: str) -> Person:
    return embedded.person("correspondent", unit, name="作者")


@pytest.fixture(scope="module")
def office(embedded: Platform, unit: str) -> Person:
    return embedded.person("office_editor", name="宣传部编辑")


def submitted(author: Person, unit: str, title: str, text: str = "正文。") -> str:
    """Return the id of an article that waits for review."""
    body = {"unit_id": unit, "kind": "news", "title": title, "body": f"<p>{text}</p>"}
    article = str(author.post("articles", body)["id"])
    author.post(f"articles/{article}/submission", {})
    eventually(lambda: author.get("reviews", article_id=article)["items"])
    return article


def approved(author: Person, office: Person, unit: str, title: str) -> str:
    """Return the id of an article that may be published."""
    article = submitted(author, unit, title)
    case = author.get("reviews", article_id=article)["items"][0]["id"]
    office.post(f"reviews/{case}/decision", {"decision": "approve"})
    eventually(lambda: author.get(f"articles/{article}")["status"] == "approved")
    return article


def opened(page: Page, path: str, title: str) -> Locator:
    """Open what has this title in the list of a desk; return its pane."""
    page.goto(path)
    page.locator(".row-item", has_text=title).click()
    pane = page.locator(".desk-pane")
    expect(pane.get_by_role("heading", name=title).first).to_be_visible()
    return pane


def act(page: Page, name: str) -> None:
    """Press the button with this name in the pane."""
    page.locator(".desk-pane").get_by_role("button", name=name, exact=True).click()


def fill_in(page: Page, **fields: str) -> None:
    """Fill in the dialog's fields and send it."""
    dialog = page.get_by_role("dialog")
    for name, value in fields.items():
        dialog.locator(f"[name={name}]").fill(value)
    dialog.locator("button[type=submit]").click()
    expect(dialog).to_have_count(0)


def test_changes_are_requested_made_and_the_next_revision_is_approved(
    unit: str, author: Person, office: Person, sign_in: SignIn
) -> None:
    """The author reads why, revises, submits again; the decision is made with the keyboard alone."""
    title = "退改再送审"
    submitted(author, unit, title)
    reviewer, writer = sign_in(office), sign_in(author)
    opened(reviewer, "/reviews", title)
    reviewer.keyboard.press("r")
    reviewer.get_by_role("dialog").locator("button[type=submit]").click()
    expect(reviewer.get_by_role("dialog").locator("[aria-invalid=true]")).to_be_focused()
    fill_in(reviewer, reason="请补充时间和地点。")

    pane = opened(writer, "/articles", title)
    expect(pane.get_by_text("请补充时间和地点。")).to_be_visible()
    act(writer, "修改")
    writer.locator("[name=body]").fill("六月二十八日，大学生活动中心。")
    writer.locator("form button[type=submit]").click()
    act(writer, "送审")
    expect(pane.locator(".badge-submitted").first).to_be_visible()
    act(writer, "修改记录")
    expect(writer.get_by_role("dialog").locator(".new")).to_contain_text("六月二十八日")

    reviewer.goto("/reviews")
    expect(reviewer.locator(".row-item", has_text=title)).to_be_visible()
    reviewer.keyboard.press("j")
    while title not in (reviewer.locator(":focus").text_content() or ""):
        reviewer.keyboard.press("j")
    reviewer.keyboard.press("Enter")
    expect(reviewer.locator(".desk-pane footer")).to_be_visible()
    reviewer.keyboard.press("a")
    expect(reviewer.locator(".row-item", has_text=title)).to_have_count(0)


def test_a_rejection_says_why_to_the_author(unit: str, author: Person, office: Person, sign_in: SignIn) -> None:
    title = "不予采用"
    submitted(author, unit, title)
    reviewer = sign_in(office)
    opened(reviewer, "/reviews", title)
    reviewer.locator("footer .btn-danger").click()
    fill_in(reviewer, reason="与已发稿件重复。")
    pane = opened(sign_in(author), "/articles", title)
    expect(pane.locator(".badge-rejected")).to_be_visible()
    expect(pane.get_by_text("与已发稿件重复。")).to_be_visible()


def test_a_blocking_finding_stops_a_college_and_the_office_only_with_a_reason(
    embedded: Platform, unit: str, author: Person, office: Person, sign_in: SignIn
) -> None:
    title = "招生宣传"
    submitted(author, unit, title, f"我们是{BLOCKED}。")
    college = sign_in(embedded.person("college_editor", unit))
    opened(college, "/reviews", title)
    college.locator("footer .btn-success").click()
    expect(college.get_by_text("没有放行的权限")).to_be_visible()

    reviewer = sign_in(office)
    pane = opened(reviewer, "/reviews", title)
    expect(pane.locator("mark.mark-blocking")).to_have_text(BLOCKED)
    reviewer.locator("footer .btn-success").click()
    fill_in(reviewer, override_reason="引用历史材料，已核实。")
    reviewer.locator(".desk-filters select").first.select_option("approved")
    reviewer.locator(".row-item", has_text=title).click()
    expect(pane.get_by_text("引用历史材料，已核实。")).to_be_visible()


def test_published_with_its_link_filed_and_withdrawn(
    unit: str, author: Person, office: Person, sign_in: SignIn
) -> None:
    title = "发布与撤稿"
    approved(author, office, unit, title)
    page = sign_in(office)
    pane = opened(page, "/articles", title)
    act(page, "发布")
    fill_in(page)
    expect(pane.get_by_text("待补录")).to_be_visible()
    act(page, "补录链接")
    fill_in(page, url=LINK)
    row = pane.locator("tbody tr")
    expect(row.get_by_role("link", name=LINK)).to_be_visible()
    expect(row).to_contain_text("宣传部编辑")
    act(page, "撤稿")
    fill_in(page, reason="事实有误。")
    expect(pane.locator(".badge-withdrawn").first).to_be_visible()
    expect(pane.get_by_text("事实有误。")).to_be_visible()


def test_a_publication_is_planned_and_the_plan_given_up(
    unit: str, author: Person, office: Person, sign_in: SignIn
) -> None:
    title = "定时发布"
    approved(author, office, unit, title)
    page = sign_in(office)
    pane = opened(page, "/articles", title)
    act(page, "发布")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    fill_in(page, at=tomorrow.strftime("%Y-%m-%dT%H:%M"))
    expect(pane.locator(".badge-scheduled")).to_be_visible()
    expect(pane.get_by_text(re.compile("将于 .* 自动发布"))).to_be_visible()
    act(page, "取消定时")
    expect(pane.locator(".badge-cancelled")).to_be_visible()


def test_a_shoot_is_planned_done_and_its_photographs_uploaded(
    embedded: Platform, unit: str, sign_in: SignIn, tmp_path: Path
) -> None:
    """The photographer delivers; the number stands on the board."""
    photo = tmp_path / "开学典礼.jpg"
    photo.write_bytes(pictures.draw("desks", 1))
    page = sign_in(embedded.person("photographer", unit, name="摄影师"))
    page.goto("/shoots")
    page.locator(".desk-filters").get_by_role("button").click()
    fill_in(page, title="开学典礼", starts_at="2021-09-01T09:00", place="操场")
    act(page, "确认已拍")
    fill_in(page, at="2021-09-01T11:00")
    act(page, "交付照片")
    page.get_by_role("dialog").locator("input[type=file]").set_input_files(photo)
    expect(page.get_by_role("dialog").locator(".photo img")).to_have_count(1)
    fill_in(page, at="2021-09-02T10:00")
    expect(page.locator(".desk-pane .photo img")).to_have_count(1)
    expect(page.locator(".desk-list .big-figures")).to_contain_text("1张照片")
    page.goto("/?period=2021")
    for figure in ("shoots", "photos_delivered"):
        expect(page.locator(f'[data-key="{unit}|{figure}"]')).to_have_text("1")


def test_a_stream_begins_on_every_open_page(embedded: Platform, unit: str, office: Person, sign_in: SignIn) -> None:
    """Who looks on sees it begin without reloading, and the count of viewers when it is noted."""
    starts = {"unit_id": unit, "title": "毕业晚会", "starts_at": "2021-06-28T19:00:00+08:00"}
    office.post("live-streams", {**starts, "play_url": f"{embedded.url}/static/x/gala.mp4"})
    viewer, operator = sign_in(embedded.person("viewer", unit)), sign_in(office)
    seen = opened(viewer, "/live", "毕业晚会")
    expect(seen.locator("video")).to_have_count(1)
    opened(operator, "/live", "毕业晚会")
    act(operator, "开播")
    expect(seen.locator(".badge-live")).to_be_visible()
    act(operator, "登记在线人数")
    fill_in(operator, viewers="1557")
    expect(seen.locator(".big-figures")).to_contain_text("1,557")
    expect(seen.locator(".live-chart canvas")).to_be_visible()


def test_an_account_made_in_the_console_signs_in_and_its_role_changes_at_once(
    embedded: Platform, unit: str, sign_in: SignIn, browser: Browser
) -> None:
    """Done when: made and given a key by the administrator, signed in elsewhere, and made a viewer while there."""
    admin = sign_in(embedded.admin)
    admin.goto("/admin?part=accounts")
    admin.locator(".desk-filters").get_by_role("button").click()
    admin.get_by_role("dialog").get_by_label(NAME).check()
    fill_in(admin, name="新编辑")
    expect(admin.locator(".desk-pane h1")).to_have_text("新编辑")
    act(admin, "发放密钥")
    admin.get_by_role("dialog").locator("[name=label]").fill("办公电脑")
    admin.get_by_role("dialog").locator("button[type=submit]").click()
    shown = admin.get_by_role("dialog", name="新的密钥")
    key = shown.get_by_label("新的密钥").last.input_value()
    shown.get_by_role("button", name="我已保存").click()
    expect(admin.locator(".desk-pane tbody tr")).to_have_count(1)
    assert key.startswith("mm_") and key not in admin.content()

    editor = sign_in(embedded.enter(key))
    editor.goto("/articles")
    expect(editor.get_by_role("button", name="写稿")).to_be_visible()
    act(admin, "修改")
    admin.get_by_role("dialog").locator("[name=role]").select_option("viewer")
    fill_in(admin)
    expect(editor.get_by_role("button", name="写稿")).to_have_count(0)
    expect(editor.get_by_role("link", name="管理")).to_have_count(0)


def test_a_term_is_tried_on_a_text_and_published(
    embedded: Platform, unit: str, office: Person, sign_in: SignIn
) -> None:
    page = sign_in(office)
    pane = opened(page, "/admin?part=terms", "广告法")
    act(page, "+ 词条")
    fill_in(page, term="最佳", category="广告用语", suggestion="优秀")
    pane.locator("[name=text]").fill("最佳选择")
    act(page, "试查")
    expect(pane.locator("mark")).to_have_text("最佳")
    act(page, "发布第 2 版")
    expect(page.locator(".row-item")).to_contain_text("第 2 版")
    listed = office.get("term-lists")["items"][0]
    assert (listed["version"], listed["size"]) == (2, 2)
