"""The built site in a headless Chromium: complete, readable at every width, and without the network.

pip install -c constraints.txt -e ".[docs]" selenium
apt-get install chromium chromium-driver
pytest -m browser tests/docs
"""

from __future__ import annotations

import importlib.util
import json
import os.path
import re
import shutil
import time
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

import make_site
from browsing import served
from site_pages import Pages

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1200)]

PAGES = (
    "",
    "demo/",
    "concepts/equations/",
    "guides/training/",
    "guides/browser/",
    "architecture/",
    "benchmarks/",
    "reference/cli/",
    "reference/python/",
    "reference/modules/seqloom.nn/",
    "zh/",
    "zh/concepts/equations/",
    "zh/guides/training/",
)
TOO_WIDE = """
    const width = document.documentElement.clientWidth;
    const scrolls = (part) => ["auto", "scroll", "hidden"].includes(getComputedStyle(part).overflowX);
    const inside = (part) => part !== document.body && (scrolls(part) || inside(part.parentElement));
    return Array.from(document.querySelectorAll(".md-content *"))
      .filter((part) => part.getBoundingClientRect().right > width + 1 && !inside(part.parentElement))
      .map((part) => part.outerHTML.slice(0, 120));
"""

SEARCH = "Array.from(document.querySelectorAll('div')).find((it) => it.shadowRoot?.querySelector('[role=combobox]'))"
"""What the search of the site is drawn in, once it is open."""


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site with a small model in its demo."""
    if importlib.util.find_spec("zensical") is None:
        pytest.skip("zensical is not installed: pip install -c constraints.txt -e .[docs]")
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js and npm are not installed")
    model = request.getfixturevalue("exported_folder")
    output = tmp_path_factory.mktemp("built") / "site"
    make_site.build([model], output)
    return output


@pytest.fixture(scope="module")
def site(logging_browser: Any, folder: Path) -> Iterator[str]:
    with served(folder) as address:
        yield address


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return value


def test_addresses_in_the_site_lead_to_files_and_anchors_of_it(folder: Path) -> None:
    """Read from the HTML, after everything that was done to it."""
    pages = {page: page.read_text(encoding="utf-8") for page in folder.rglob("*.html") if "live" not in page.parts}
    anchors = {page: set(re.findall(r"\sid=\"([^\"]+)\"", text)) for page, text in pages.items()}
    wrong = []
    for page, text in pages.items():
        if page.name == "404.html":  # is shown at any address
            continue
        for target in re.findall(r"<[a-z]+ [^<>]*?(?:href|src)=\"([^\"]*)\"", text):
            address = urlsplit(unescape(target))
            if address.scheme or address.netloc:
                continue
            there = Path(os.path.normpath(page.parent / unquote(address.path))) if address.path else page
            there = there / "index.html" if there.is_dir() else there
            anchor = unquote(address.fragment)
            if not there.is_file() or (anchor and there in anchors and anchor not in anchors[there] | {"__top"}):
                wrong.append((str(page.relative_to(folder)), target))
    assert wrong == []


def test_equations_are_rendered(folder: Path) -> None:
    for page in ("concepts/equations/index.html", "zh/concepts/equations/index.html"):
        text = (folder / page).read_text(encoding="utf-8")
        assert text.count('class="katex-display"') > 15
        assert "katex-error" not in text
        assert not re.search(r"<(?:div|span) class=\"arithmatex\">\s*\\", text)
    for index in folder.rglob("search.json"):
        assert "\\\\mathrm" not in index.read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 390])
def test_pages_fit_and_ask_nothing_of_the_network(width: int, scheme: str, logging_browser: Any, site: str) -> None:
    browser = logging_browser
    browser.get("about:blank")  # what the browser's own first page asked for is nobody's business here
    browser.get_log("performance"), browser.get_log("browser")
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    for page in PAGES:
        browser.get(site + page)
        until(lambda: browser.execute_script("return document.readyState") == "complete")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width, page
        assert browser.execute_script(TOO_WIDE) == [], page
        ground = browser.execute_script(
            "return getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).map(Number)"
        )
        assert (sum(ground[:3]) < 200) == (scheme == "dark"), page
        seen = "return Array.from(document.images, (each) => each.complete && each.naturalWidth > 0)"
        assert all(browser.execute_script(seen)), page
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"}
    assert any(url.startswith(site) for url in asked)
    assert [url for url in asked if not url.startswith((site, "data:", f"blob:{site}"))] == []
    answers = [each["params"]["response"] for each in messages if each["method"] == "Network.responseReceived"]
    assert [answer["url"] for answer in answers if answer["status"] >= 400] == []
    assert [entry["message"] for entry in browser.get_log("browser")] == []


@pytest.mark.parametrize(
    ("page", "text", "found"),
    [
        ("", "sparsemax", "concepts/equations/"),
        ("", "fine-tuning", "guides/fine-tuning/"),
        ("", "SequenceDropout", "reference/modules/seqloom.nn/"),
        ("zh/", "注意力", "zh/concepts/equations/"),
        ("zh/", "长短期记忆", "zh/concepts/equations/"),
    ],
)
def test_search_finds(page: str, text: str, found: str, logging_browser: Any, site: str) -> None:
    browser = logging_browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.get(site + page)
    field = f"return ({SEARCH})?.shadowRoot.activeElement?.tagName === 'INPUT'"
    for _ in range(20):  # until the page listens
        browser.execute_script("document.querySelector('.md-search__button').click()")
        time.sleep(1)
        if browser.execute_script(field):
            break
    browser.switch_to.active_element.send_keys(text)
    results = f"return Array.from(({SEARCH}).shadowRoot.querySelectorAll('a[role=option]'), (each) => each.href)"
    until(lambda: any(href.startswith(site + found) for href in browser.execute_script(results)))


def test_the_menu_of_languages_stays_on_the_page(logging_browser: Any, site: str) -> None:
    browser = logging_browser
    link = "return document.querySelector('.md-select__link[hreflang={}]').href"
    browser.get(f"{site}concepts/equations/#8-attention-after-the-cell")
    to = browser.execute_script(link.format("zh"))
    assert to == f"{site}zh/concepts/equations/#8-attention-after-the-cell"
    browser.get(to)
    assert browser.execute_script("return document.documentElement.lang") == "zh"
    assert browser.execute_script("return document.getElementById(location.hash.slice(1)).textContent").startswith(
        "8. 单元之后的注意力"
    )
    assert browser.execute_script(link.format("en")) == f"{site}concepts/equations/#8-attention-after-the-cell"
    browser.get(f"{site}reference/modules/seqloom.nn/")
    assert browser.execute_script(link.format("zh")) == f"{site}zh/"


@pytest.mark.parametrize("page", ["demo/", "zh/demo/"])
def test_the_demo_answers(page: str, logging_browser: Any, site: str) -> None:
    browser = logging_browser
    browser.get(site + page)
    frame = "const inner = document.querySelector('iframe.demo').contentDocument; "
    until(lambda: browser.execute_script(frame + "return inner?.getElementById('predict')?.disabled === false"))
    browser.execute_script(
        frame + "inner.getElementById('text').value = 'abcd'; inner.getElementById('predict').click()"
    )
    until(lambda: browser.execute_script(frame + "return inner.getElementById('results').hidden === false"))
    assert browser.execute_script(frame + "return inner.getElementById('best').textContent") != ""
    fits = "return inner.documentElement.scrollHeight <= document.querySelector('iframe.demo').clientHeight + 1"
    until(lambda: browser.execute_script(frame + fits))
    dark = "document.body.dataset.mdColorScheme = 'slate'"
    browser.execute_script(dark)
    until(
        lambda: browser.execute_script(frame + "return getComputedStyle(inner.documentElement).colorScheme") == "dark"
    )


def test_a_site_without_a_model_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if importlib.util.find_spec("zensical") is None or shutil.which("npm") is None:
        pytest.skip("zensical or npm is not installed")
    monkeypatch.setattr(make_site, "MODEL", make_site.ROOT / "demo" / "no-such-model")
    monkeypatch.setattr("sys.argv", ["make_site.py", "--output", str(tmp_path / "site")])
    assert make_site.main() == 0
    assert "NO MODEL" in capsys.readouterr().out
    for page in ("demo/index.html", "zh/demo/index.html"):
        text = (tmp_path / "site" / page).read_text(encoding="utf-8")
        assert "iframe" not in text
        assert "make demo" in text


def test_a_broken_link_and_a_wrong_equation_end_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("zensical") is None or shutil.which("npm") is None:
        pytest.skip("zensical or npm is not installed")
    built = Pages.write
    for text in ("\n[nowhere](no-such-page.md)\n", "\n$$\n\\nosuchmacro{x}\n$$\n"):

        def spoilt(pages: Any, folder: Path, text: str = text) -> None:
            pages.made["changelog.md"] += text
            built(pages, folder)

        monkeypatch.setattr(Pages, "write", spoilt)
        monkeypatch.setattr("sys.argv", ["make_site.py", "--output", str(tmp_path / "site")])
        assert make_site.main() == 2
        assert not (tmp_path / "site").exists()
