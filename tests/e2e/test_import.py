"""A file comes in while the gateway is killed; and by the command. In both modes no row is told twice."""

from pathlib import Path
from typing import Any

import httpx

from tests.e2e.platforms import Person, Platform, eventually

ROWS, DAY = 190, "2018-09-01"
COUNTS = "accepted: {}, already there: {}, rejected: 0"


def test_an_import_whose_gateway_is_killed_goes_on_and_tells_no_row_twice(platform: Platform, tmp_path: Path) -> None:
    """Killed half-way; then the whole file once more, by the command. The college editor's own rights are enough."""
    unit = platform.admin.post("units", {"name": "园艺学院", "kind": "college", "since": DAY})["id"]
    opened = {"unit_id": unit, "kind": "wechat_oa", "name": "园艺学院公众号", "opened_at": f"{DAY}T00:00:00Z"}
    channel = platform.admin.post("channels", opened)["id"]
    editor = platform.person("college_editor", unit)
    gateway = "run" if "run" in platform.commands else "gateway"

    begun = send(editor, articles())
    eventually(lambda: begun_at(editor, begun)["rows"]["done"] >= 5)
    platform.kill(gateway)
    platform.start(gateway)
    eventually(lambda: begun_at(editor, begun)["state"] != "running")

    ended = begun_at(editor, begun)
    assert (ended["state"], ended["rows"]["done"], ended["rows"]["rejected"]) == ("done", ROWS, 0)
    assert titles(editor) == {f"园艺新闻{number}" for number in range(ROWS)}
    file = tmp_path / "articles.csv"
    file.write_bytes(articles())
    again = platform.matrix("import", str(file), "--key", editor.key)
    assert again.returncode == 0 and COUNTS.format(0, ROWS) in again.stdout, again.stdout + again.stderr
    assert len((tmp_path / "articles.csv.report.csv").read_text(encoding="utf-8-sig").splitlines()) == ROWS + 1
    assert len(editor.get("articles", limit=200)["items"]) == ROWS

    stats = tmp_path / "stats.csv"
    stats.write_text("日期,粉丝数\n2021-07-01,100\n2021-07-31,150\n", encoding="gb18030")
    counted = platform.matrix("import", str(stats), "--key", editor.key, "--channel", channel)
    assert counted.returncode == 0 and COUNTS.format(2, 0) in counted.stdout, counted.stdout + counted.stderr
    eventually(lambda: growth(editor) == 50)


def articles() -> bytes:
    lines = (f"新闻,园艺新闻{number},正文{number}。,园艺学院\n" for number in range(ROWS))
    return ("类型,标题,正文,单位\n" + "".join(lines)).encode("gb18030")


def send(person: Person, content: bytes) -> str:
    """Return the id of the import that was begun."""
    answer = person.http.post("/v1/imports", params={"filename": "articles.csv"}, content=content)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def begun_at(person: Person, import_id: str) -> Any:
    """Return how far the import is; while the gateway is away, nothing."""
    try:
        return person.get(f"imports/{import_id}")
    except httpx.TransportError:
        return {"state": "running", "rows": {"done": 0}}


def titles(person: Person) -> set[str]:
    return {article["title"] for article in person.get("articles", limit=200)["items"]}


def growth(person: Person) -> Any:
    figures = person.get("matrix", period="2021-07")["totals"]["figures"]
    return figures.get("net_follower_growth", {}).get("value")
