"""The page in a headless Chromium: its answers are those of the package, and it shows them.

make web
pip install selenium
apt-get install chromium chromium-driver
pytest -m browser
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import seqloom
import web
from browsing import served
from graphs import KINDS, lines
from seqloom.checkpoint.format import GRAPH, GRAPH_INT8
from seqloom.prediction import Prediction
from seqloom.search import step

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1200)]

ROOT = Path(__file__).parents[2]
INPUTS = 200


def inputs(kind: str) -> list[str]:
    """Texts of the task, and some that no model expects."""
    odd = [
        "zebra",
        "a  b",
        " cab ",
        "αβγ",
        "a\u0301bcd",
        "ΣΑΣ 𝔘 👩‍👩‍👧",
        "abcd" * 12,
        "Straße\u00a0STRASSE",
        "<unk> </s>",
        "▁a▁",
    ]
    return [*odd, *lines(kind, INPUTS, seed=7)][:INPUTS]


@pytest.fixture(scope="module")
def models(browser: Any, runtime: Path, request: pytest.FixtureRequest) -> dict[str, Path]:
    """Model folders with their graphs; made only where there is a browser to read them."""
    folders: dict[str, Path] = request.getfixturevalue("exported")
    return folders


@pytest.fixture(scope="module")
def runtime() -> Path:
    folder = ROOT / "build" / "npm" / "node_modules" / "onnxruntime-web" / "dist"
    if not folder.is_dir():
        pytest.skip("onnxruntime-web is not in build/npm: make web fetches it")
    return folder


@pytest.fixture(scope="module")
def site(models: dict[str, Path], runtime: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the page, on a server of files and nothing else."""
    folder = tmp_path_factory.mktemp("site")
    web.build(list(models.values()), folder, runtime)
    with served(folder) as address:
        yield address


class Page:
    """The page as a user has it: fields to fill, buttons to press, texts to read."""

    def __init__(self, browser: Any, site: str, query: str) -> None:
        self.browser = browser
        browser.get(site + query)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def one(self, selector: str, of: str = "textContent") -> Any:
        return self.run(f"return document.querySelector(arguments[0]).{of}", selector)

    def all(self, selector: str, of: str = "textContent") -> list[Any]:
        script = f"return Array.from(document.querySelectorAll(arguments[0]), each => each.{of})"
        return list(self.run(script, selector))

    def fill(self, name: str, value: str | int) -> None:
        self.run("document.getElementById(arguments[0]).value = arguments[1]", name, str(value))

    def press(self, selector: str, number: int = 0) -> None:
        self.run("document.querySelectorAll(arguments[0])[arguments[1]].click()", selector, number)

    def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not condition():
            failure = self.one("#failure")
            assert not failure, failure
            assert time.monotonic() < end, self.one("body", "innerText")
            time.sleep(0.05)

    def ready(self) -> None:
        self.until(lambda: not self.one("#predict", "disabled"))


def expected(
    folder: Path, texts: list[str], *, graph: str = GRAPH, prefix: str = "", **search: Any
) -> list[Prediction]:
    """The answers of the package's runtime, by the same graph."""
    model = seqloom.load(folder, engine="onnx", int8=graph == GRAPH_INT8)
    chosen = model.with_settings({f"search.{name}": value for name, value in search.items()})
    return list(chosen.stream(texts, alignments=True, prefix=prefix))


def same(found: dict[str, Any], wanted: Prediction, tolerance: float) -> None:
    assert found["text"] == wanted.text
    assert found["score"] == pytest.approx(wanted.score, abs=tolerance)
    assert tuple(found["sourceTokens"]) == wanted.source_tokens
    assert tuple(found["targetTokens"]) == wanted.target_tokens
    assert found["tokenLogProbs"] == pytest.approx(list(wanted.token_log_probs), abs=tolerance)
    assert wanted.alignment is not None
    assert len(found["alignment"]) == len(wanted.alignment)
    for row, weights in zip(found["alignment"], wanted.alignment.tolist(), strict=True):
        assert row == pytest.approx(weights, abs=tolerance)
    assert found["cut"] == wanted.cut
    assert tuple(found["unknown"]) == wanted.unknown
    assert found["atLimit"] == wanted.at_limit
    assert (found["confidence"] is None) == (wanted.confidence is None)
    if wanted.confidence is not None:
        assert found["confidence"] == pytest.approx(wanted.confidence, abs=10 * tolerance)


def answered(
    browser: Any, site: str, kind: str, graph: str, texts: list[str], search: dict[str, Any]
) -> dict[str, Any]:
    """What the modules of the page answer in the browser."""
    Page(browser, site, "models.json")
    script = """
        const [folder, graph, texts, settings, done] = arguments;
        (async () => {
            const { Client } = await import("/client.js");
            const client = new Client();
            const loaded = await client.load({ folder, graph });
            const { predictions, milliseconds } = await client.predict(texts, settings);
            client.worker.terminate();
            return { loaded, predictions, milliseconds };
        })().then((value) => done(JSON.stringify(value)), (error) => done(JSON.stringify({ error: error.message })));
    """
    answer: dict[str, Any] = json.loads(
        browser.execute_async_script(script, f"{site}models/{kind}/", graph, texts, search)
    )
    assert "error" not in answer, answer
    return answer


SEARCHES: list[dict[str, Any]] = [
    {"beam": 5, "n_best": 3},
    {"beam": 1, "n_best": 1},
    {"beam": 4, "n_best": 2, "length_penalty": "average", "alpha": 0.5, "exhaustive": True},
    {"beam": 3, "n_best": 3, "length_penalty": "none", "min_length": 4, "no_repeat_ngram": 2, "prefix": "b"},
    {"beam": 2, "max_length_ratio": 0.5, "max_length_extra": 1, "max_source_length": 6, "batch": 7},
]
SHORT: list[dict[str, Any]] = [
    {"beam": 1, "n_best": 1, "shortlist": True},
    {"beam": 4, "n_best": 3, "shortlist": True, "prefix": "BADA"},
]


def searches(kind: str) -> list[dict[str, Any]]:
    """SEARCHES with a prefix that the kind of model can write."""
    prefix = {"prefix": "BADA" if kind == "large" else "b"}
    return [search | prefix if "prefix" in search else search for search in SEARCHES]


CASES = [(kind, GRAPH, search) for kind in KINDS for search in searches(kind)]
CASES += [(kind, GRAPH_INT8, search) for kind in ("character", "large") for search in searches(kind)]
CASES += [("large", graph, search) for graph in (GRAPH, GRAPH_INT8) for search in SHORT]
CLOSE = {GRAPH: 1e-4, GRAPH_INT8: 1e-2}
"""Difference of scores, log-probabilities and weights between a processor's own code and WebAssembly: last bits of a
function such as tanh, and where a number is then rounded to 8 bits, sometimes the next step."""


@pytest.mark.parametrize(
    ("kind", "graph", "search"),
    CASES,
    ids=[f"{kind}-{graph}-{number}" for number, (kind, graph, _) in enumerate(CASES)],
)
def test_answers_are_those_of_the_package(
    kind: str, graph: str, search: dict[str, Any], browser: Any, site: str, models: dict[str, Path]
) -> None:
    texts = inputs(kind)
    wanted = expected(models[kind], texts, graph=graph, **search)
    answer = answered(browser, site, kind, graph, texts, search)
    assert len(answer["predictions"]) == INPUTS
    for found, best in zip(answer["predictions"], wanted, strict=True):
        for one, other in zip([found, *found["alternatives"]], [best, *best.alternatives], strict=True):
            same(one, other, CLOSE[graph])
    assert answer["loaded"]["sizes"][graph] == (models[kind] / graph).stat().st_size
    print(f"{kind} {graph} {search}: {answer['milliseconds']:.0f} ms for {INPUTS}", file=sys.stderr)


def test_a_search_goes_on_while_an_unfinished_hypothesis_is_ahead(
    browser: Any, site: str, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the browser, too, where it matters: a search that ended with a full beam would answer some lines otherwise."""
    chance = random.Random(5)
    texts = ["".join(chance.choices("abcd", k=chance.randint(1, 20))) for _ in range(INPUTS)]
    wanted = expected(models["character"], texts, beam=4)
    answer = answered(browser, site, "character", GRAPH, texts, {"beam": 4})
    for found, best in zip(answer["predictions"], wanted, strict=True):
        same(found, best, CLOSE[GRAPH])
    done = step._done
    monkeypatch.setattr(step, "_done", lambda *given: done(*given) | (given[1].scores[:, -1] > -torch.inf))
    ended = seqloom.load(models["character"], engine="torch").predict(texts, beam=4)
    worse = [one.score < other.score - 1e-4 for one, other in zip(ended, wanted, strict=True)]
    assert sum(worse) >= 2, "the lines must be such that the rule matters"


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_shows_what_it_found(kind: str, browser: Any, site: str, models: dict[str, Path]) -> None:
    texts = [" ".join(text.split("\n")) for text in inputs(kind)]
    wanted = expected(models[kind], texts, beam=4, n_best=4)
    page = Page(browser, site, f"?model={kind}")
    page.ready()
    assert "Ready: model" in page.one("#status")
    page.fill("text", "\n".join(texts))
    page.fill("beam", 4)
    page.fill("n_best", 4)
    page.press("#predict")
    page.until(lambda: not page.one("#results", "hidden"))
    assert page.one("#status").startswith("200 lines in ")
    assert page.all("#lines button span:first-child") == texts
    assert page.all("#lines button span:last-child") == [each.text or "(empty)" for each in wanted]
    for number in (0, 30, INPUTS - 1):
        page.press("#lines button", number)
        answers = [wanted[number], *wanted[number].alternatives]
        assert page.all("#n-best tbody label") == [each.text or "(empty)" for each in answers]
        assert page.all("#n-best tbody td:nth-child(2)") == [f"{each.score:.4f}" for each in answers]
        for rank, each in enumerate(answers):
            page.press("#n-best input", rank)
            shown(page, each)


def shown(page: Page, wanted: Prediction) -> None:
    """The map's axes are the tokens, its cells the weights; what is missing of the answer is said."""
    assert page.one("#best") == (wanted.text or "(empty)")
    assert page.one("#at-limit", "hidden") == (not wanted.at_limit)
    assert wanted.alignment is not None
    if not len(wanted.alignment):
        assert "no map" in page.one("#map figcaption")
        return
    visible = {" ": "␣"}
    assert page.all(".heat thead th[scope=col] span:not(.space)") == [
        visible.get(token, token) for token in wanted.source_tokens
    ]
    assert page.all(".heat tbody th") == [visible.get(token, token) for token in wanted.target_tokens[:-1]]
    cells = [float(each) for each in page.all(".heat td.weight", "ariaLabel")]
    assert cells == pytest.approx(wanted.alignment.flatten().tolist(), abs=2e-4)
    shades = page.all(".heat td.weight", "style.getPropertyValue('--w')")
    largest = cells.index(max(cells))
    assert float(shades[largest]) == 1
    page.press(".heat td.weight", largest)
    assert float(page.one("#map output").rpartition(": ")[2]) == pytest.approx(cells[largest], abs=6e-4)


@pytest.mark.parametrize(("width", "dark"), [(1200, False), (375, True), (320, False)])
def test_the_page_fits(width: int, dark: bool, browser: Any, site: str) -> None:
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    scheme = {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)
    try:
        page = Page(browser, site, "?model=bpe&text=Der+kleine+Hund+sieht+die+Katze+neben+der+Straße")
        page.until(lambda: not page.one("#results", "hidden"))
        assert page.one("html", "scrollWidth") <= width
        light = page.run("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        assert (sum(light) < 200) == dark
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_of_two_graphs_one_is_chosen(browser: Any, site: str) -> None:
    page = Page(browser, site, "?model=bpe")
    page.ready()
    assert page.one("#weights", "hidden")
    assert page.all("#model option") == list(KINDS)
    page.run("""
        const model = document.getElementById("model");
        model.selectedIndex = 2;
        model.dispatchEvent(new Event("change"));
    """)
    page.ready()
    assert not page.one("#weights", "hidden")
    assert "model.onnx" in page.all("#loaded td:first-child")
    page.run("""
        const weights = document.getElementById("weights");
        weights.value = "model.int8.onnx";
        weights.dispatchEvent(new Event("change"));
    """)
    page.ready()
    assert "model.int8.onnx" in page.all("#loaded td:first-child")
    assert page.run("return new URL(location).searchParams.get('graph')") == "model.int8.onnx"


def test_a_folder_of_the_device_is_read(browser: Any, site: str, models: dict[str, Path]) -> None:
    page = Page(browser, site, "?model=bpe&text=abcd")
    page.until(lambda: not page.one("#results", "hidden"))
    browser.find_element("id", "files").send_keys(str(models["character"]))
    page.until(lambda: page.all("#model option")[-1:] == ["character"] and not page.one("#results", "hidden"))
    (wanted,) = expected(models["character"], ["abcd"])
    assert page.one("#best") == wanted.text


def test_every_field_has_a_name(browser: Any, site: str) -> None:
    page = Page(browser, site, "?model=character")
    page.ready()
    unnamed = page.run("""
        const fields = document.querySelectorAll("input, select, textarea, button");
        return Array.from(fields).filter((field) =>
            !field.labels?.length && !field.getAttribute("aria-label") && !field.textContent.trim()).map((f) => f.id);
    """)
    assert unnamed == []


def test_what_cannot_be_loaded_is_said(browser: Any, site: str) -> None:
    page = Page(browser, site, "?model=nowhere")
    with pytest.raises(AssertionError, match=r"nowhere/manifest.json must be there, but the server answers 404"):
        page.until(lambda: False, seconds=20)
    assert page.one("#predict", "disabled")
    page = Page(browser, site, "?model=models/bpe&graph=model.int8.onnx")
    with pytest.raises(AssertionError, match=r"server answers 404 \(hint: seqloom export writes it\)"):
        page.until(lambda: False, seconds=20)
