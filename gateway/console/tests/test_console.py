"""The console's pages and files, as a browser gets them."""

import re
from pathlib import Path

import falcon.asgi
import pytest
from falcon.testing import TestClient

from gateway.console import add_console
from gateway.console.files import FOLDER, read_files
from gateway.console.pages import PAGES

SCRIPTS = sorted((FOLDER / "js").rglob("*.js"))
KEY = re.compile(r'"([a-z0-9_.-]+)":\s*"')
HAN, FULL_WIDTH = re.compile("[\u4e00-\u9fff]"), re.compile("[\u3000-\u303f\uff00-\uffef]")
SIGNS = re.compile(r"^[^a-zA-Z]*$")
COUNTED, MEASURE = re.compile(r"{n} (?!is )[a-z-]+s\b"), re.compile(r"measure\.\w+ .*(s|people)$")
ROOT = Path(__file__).parents[3]
REFUSAL = re.compile(r'(?:RuleBroken|NotFound|Conflict|Unavailable|Refused|Unknown)\(\s*"([a-z_]+\.[a-z_]+)"')
MACHINES = (
    "rpc.",
    "blob",
    "database.",
    "log.",
    "import.",
    "broker.",
    "decoder.",
    "batch.",
)  # said by status or elsewhere
FIRST_VIEW_LIMIT = 150 * 1024


@pytest.fixture(scope="module")
def client():
    app = falcon.asgi.App()
    add_console(app)
    return TestClient(app)


@pytest.fixture(scope="module")
def files():
    return read_files()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_answers_html_and_names_its_own_script(client, path):
    answer = client.simulate_get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f"/js/pages/{PAGES[path]}.js" in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_a_page_lets_run_and_load_only_what_is_its_own(client, path):
    policy = client.simulate_get(path).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_script_or_style_in_it(client, path):
    html = client.simulate_get(path).text
    assert all('src="/static/' in tag for tag in re.findall(r"<script[^>]*>", html))
    assert not re.search(r"<script[^>]*>[^<]", html)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html)


@pytest.mark.parametrize("path", PAGES)
def test_everything_a_page_names_is_there(client, path):
    for name in re.findall(r'(?:src|href)="(/static/[^"]+)"', client.simulate_get(path).text):
        assert client.simulate_get(name).status_code == 200, name


def test_a_page_that_the_browser_has_is_not_sent_again(client):
    tag = client.simulate_get("/").headers["etag"]
    assert client.simulate_get("/", headers={"If-None-Match": tag}).status_code == 304


def test_files_of_this_version_are_kept_for_ever_and_others_are_not(client, files):
    assert "immutable" in client.simulate_get(f"/static/{files.version}/css/console.css").headers["cache-control"]
    assert client.simulate_get("/static/0000/css/console.css").headers["cache-control"] == "no-cache"


def test_files_are_sent_compressed_to_those_who_take_that(client, files):
    path = f"/static/{files.version}/vendor/tabler/tabler.min.css"
    zipped = client.simulate_get(path, headers={"Accept-Encoding": "gzip"})
    plain = client.simulate_get(path)
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert len(zipped.content) < len(plain.content) / 5


@pytest.mark.parametrize(
    "name", ["vendor/README.md", "../shell.html", "%2e%2e/shell.html", "../../app.py", "nothing.js"]
)
def test_nothing_but_styles_scripts_and_pictures_can_be_had(client, name):
    assert client.simulate_get(f"/static/x/{name}").status_code == 404


def test_the_boards_first_view_is_small(files):
    """Everything the board loads before a chart is drawn, compressed."""
    styles = ["vendor/tabler/tabler.min.css", *(f"css/{name}.css" for name in ("console", "narrow", "print"))]
    wanted = [*styles, "icon.svg", *_modules("js/pages/board.js")]
    assert not any("echarts" in name for name in wanted)
    assert sum(len(files.files[name].zipped) for name in wanted) < FIRST_VIEW_LIMIT


def test_both_languages_have_the_same_words():
    chinese, english = (_keys(FOLDER / "js" / "words" / f"{name}.js") for name in ("zh", "en"))
    assert len(chinese) == len(set(chinese))
    assert set(chinese) == set(english)


def test_both_languages_fill_in_the_same_values():
    chinese, english = (
        {key: set(re.findall(r"{\w+}", text)) for key, text in _book(name).items()} for name in ("zh", "en")
    )
    assert chinese == english


def test_each_language_is_written_in_its_own_letters():
    """What has no Chinese letter in the Chinese console is a sign that both languages share, such as a dash."""
    chinese, english = _book("zh"), _book("en")
    assert [key for key, text in english.items() if FULL_WIDTH.search(text) or HAN.search(text)] == []
    assert [
        key for key, text in chinese.items() if not (HAN.search(text) or FULL_WIDTH.search(text) or SIGNS.match(text))
    ] == []


def test_what_is_counted_has_a_word_for_one():
    """English says "1 finding" and "2 findings"; Chinese has one word for both."""
    counted = {key: text for key, text in _book("en").items() if COUNTED.search(text) or MEASURE.match(f"{key} {text}")}
    assert {"reviews.findings", "measure.wechat_posts"} <= set(counted)
    assert [key for key, text in counted.items() if " | " not in text] == []
    assert [key for key, text in _book("zh").items() if " | " in text] == []


def test_what_a_script_says_itself_is_said_in_no_language():
    """Words are in the dictionaries; left are the other language's name for itself, and the Chinese ten thousand."""
    for script in SCRIPTS:
        if "words" in script.parts:
            continue
        said = re.sub(r"(?m)(^|\s)//.*$", "", script.read_text())
        assert set(HAN.findall(said)) <= set("中文万"), script
        assert "（" not in said, script


def test_every_word_that_a_script_asks_for_is_in_the_dictionary():
    known = set(_keys(FOLDER / "js" / "words" / "en.js"))
    asked = {key for script in SCRIPTS for key in re.findall(r'\bt\("([a-z_.]+)"', script.read_text())}
    assert asked
    assert asked <= known


def test_every_refusal_that_a_person_meets_is_said_in_chinese():
    """The server speaks English; a reader of Chinese meets none of it."""
    said = set(_keys(FOLDER / "js" / "words" / "refusals.js")) | {
        key.removeprefix("problem.") for key in _keys(FOLDER / "js" / "words" / "zh.js")
    }
    rooms = [*ROOT.glob("services/*/*.py"), *ROOT.glob("gateway/*.py"), *ROOT.glob("gateway/*/*.py")]
    refused = {code for room in rooms if "tests" not in room.parts for code in REFUSAL.findall(room.read_text())}
    assert "content.not_approved" in refused
    meant = {code for code in refused if not code.startswith(MACHINES) and not code.endswith("_not_here_yet")}
    assert meant <= said


def test_no_script_makes_markup_of_text():
    for script in SCRIPTS:
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", script.read_text()), (
            script
        )


def test_every_module_imports_only_what_is_there():
    for script in SCRIPTS:
        for name in _imports(script):
            assert (script.parent / name).resolve().is_file(), f"{script.name} imports {name}"


def _keys(path: Path) -> list[str]:
    return KEY.findall(path.read_text())


def _book(name: str) -> dict[str, str]:
    """Return the words of a language by key."""
    return dict(re.findall(r'"([a-z0-9_.-]+)":\s*"([^"]*)"', (FOLDER / "js" / "words" / f"{name}.js").read_text()))


def _imports(script: Path) -> list[str]:
    return re.findall(r'from "(\.[^"]+)"', script.read_text())


def _modules(name: str) -> set[str]:
    """Return the names of a module and of all it imports."""
    found, waiting = set(), [FOLDER / name]
    while waiting:
        script = waiting.pop()
        if (own := script.relative_to(FOLDER).as_posix()) not in found:
            found.add(own)
            waiting += [(script.parent / each).resolve() for each in _imports(script)]
    return found
