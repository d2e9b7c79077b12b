"""The pages that the site is built from: complete, linked with each other, in both languages; and the reference."""

from __future__ import annotations

import os.path
import tomllib
from pathlib import Path
from typing import Any

import pytest

import docstrings
from markdown_links import ROOT, headings, links
from site_pages import DOCUMENTS, Pages, document_of, joined, navigation, place_of

SECTIONS = tomllib.loads((ROOT / "docs" / "site" / "zensical.toml").read_text(encoding="utf-8"))["section"]
FOLDERS = ("guides", "guides/jobs", "notebooks", "concepts", "reference", "decisions")


def places(menu: list[dict[str, Any]]) -> list[str]:
    """All places of a menu, in its order."""
    found: list[str] = []
    for entry in menu:
        for inner in entry.values():
            found += places(inner) if isinstance(inner, list) else [inner]
    return found


def made(language: str) -> tuple[Pages, list[str]]:
    pages = Pages(language, demo="THE DEMO")
    return pages, places(navigation(pages, SECTIONS))


@pytest.fixture(scope="module")
def english() -> tuple[Pages, list[str]]:
    return made("en")


@pytest.fixture(scope="module")
def chinese() -> tuple[Pages, list[str]]:
    return made("zh")


@pytest.mark.parametrize("language", ["english", "chinese"])
def test_every_document_has_a_page_and_a_place_in_the_menu(language: str, request: pytest.FixtureRequest) -> None:
    pages, menu = request.getfixturevalue(language)
    lying = [path for name in FOLDERS for path in (ROOT / "docs" / name).iterdir()]
    documents = [path for path in lying if path.suffix in DOCUMENTS]
    wanted = {place_of(document_of(path)) for path in documents}
    assert wanted | {"index.md", "demo.md", "architecture.md", "changelog.md", "benchmarks.md"} <= set(menu)
    assert len(set(menu)) == len(menu)
    assert {place for place in menu if not place.startswith("../")} <= set(pages.made)
    assert all(text.strip() for text in pages.made.values())
    assert "THE DEMO" in pages.made["demo.md"]


def test_a_notebook_is_a_page_of_its_cells(english: tuple[Pages, list[str]]) -> None:
    pages, _ = english
    text = pages.made["notebooks/labels.md"]
    assert text.startswith("# Labels for texts\n\nA notebook: [labels.ipynb](<labels.ipynb>)\n")
    assert "```bash\nseqloom data report labels/train.tsv --against labels/test.tsv\n```" in text
    assert "```python\n" in text
    assert pages.pictures["notebooks/labels.ipynb"] == ROOT / "docs" / "notebooks" / "labels.ipynb"
    assert "(../guides/without-pytorch.md)" in text


def test_links_of_english_pages_lead_to_pages(english: tuple[Pages, list[str]]) -> None:
    pages, _ = english
    for place, text in pages.made.items():
        for link in links(text):
            there = os.path.normpath(Path(place).parent / link.path)
            assert link.is_external or not link.path or there in pages.made or there in pages.pictures, (place, link)


def test_links_of_chinese_pages_lead_to_chinese_pages_or_to_english_ones(
    english: tuple[Pages, list[str]], chinese: tuple[Pages, list[str]]
) -> None:
    pages, menu = chinese
    for place, text in pages.made.items():
        for link in links(text):
            if link.path.endswith("/"):
                there = os.path.normpath(Path("zh", place).parent / link.path)
                assert f"{there}.md" in english[0].made, (place, link)
            elif link.path and not link.is_external:
                there = os.path.normpath(Path(place).parent / link.path)
                assert there in pages.made or there in pages.pictures, (place, link)
    modules = [place for place in menu if place.startswith("../")]
    assert modules
    assert {f"{place[3:].rstrip('/')}.md" for place in modules} <= set(english[0].made)


def test_a_translation_stands_where_the_original_does(
    english: tuple[Pages, list[str]], chinese: tuple[Pages, list[str]]
) -> None:
    place = "concepts/equations.md"
    ours, theirs = english[0].made[place], chinese[0].made[place]
    assert "用公式讲清楚序列到序列" in theirs
    assert "中文" not in ours.partition("##")[0]
    assert "English" not in theirs.partition("##")[0]
    named = [[heading.text.partition("{ #")[2] for heading in headings(text)] for text in (ours, theirs)]
    assert named[0] == named[1]
    assert "尚未译成中文" in chinese[0].made["guides/training.md"]
    assert "尚未译成中文" not in theirs


def test_lines_of_chinese_text_are_joined_and_others_are_not() -> None:
    text = "甲乙，\n丙丁 word\n戊\n\n- 己\n- 庚\n\n```\n甲\n乙\n```\n"
    assert joined(text) == "甲乙，丙丁 word\n戊\n\n- 己\n- 庚\n\n```\n甲\n乙\n```\n"


SOURCE = '''"""A module.

    import module

    module.work(1)

That is how it is called.
"""
from seqloom.learn_shortlist import CANDIDATES
SIZE = 3
"""How large."""
class Thing(Base):
    """A thing of a < b & $c$, `<s>`."""
    count: int = 1
    """How many."""
    names: list[str] = field(default=(), repr=False)
    _hidden: int = 0
    def __init__(self, size: int = SIZE, *, best: int = CANDIDATES, **others: str) -> None: ...
    @property
    def double(self) -> int:
        """Twice."""
    def work(self, /, *texts: str, way=None) -> list[str]:
        """Works."""
    def _secret(self): ...
def _private(): ...
@overload
def go(a: int) -> int: ...
def go(a: int | str) -> int | str:
    """Goes."""
'''


def test_the_reference_says_what_the_source_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = docstrings.SOURCE / "seqloom" / "learn_shortlist.py"
    (tmp_path / "seqloom").mkdir()
    (tmp_path / "seqloom" / "learn_shortlist.py").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "seqloom" / "module.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.setattr(docstrings, "SOURCE", tmp_path)
    module = docstrings.read(tmp_path / "seqloom" / "module.py")
    page = docstrings.room_markdown("seqloom", [(module, "module.md")])
    assert "```python\nimport module\n\nmodule.work(1)\n```" in page
    assert "- `SIZE`: How large." in page
    assert "class Thing(size: int = 3, *, best: int = 50, **others: str)\n" in page
    assert "A thing of a &lt; b &amp; &#36;c&#36;, `<s>`." in page
    assert "- `count: int = 1`: How many.\n- `names: list[str] = ()`\n- `double: int`: Twice." in page
    assert "work(*texts: str, way=None) -> list[str]" in page
    assert "go(a: int | str) -> int | str" in page
    assert not any(word in page for word in ("_hidden", "_secret", "_private", "go(a: int) -> int"))
