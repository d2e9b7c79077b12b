"""Links of the documents lead somewhere, and the check of them finds those that do not."""

from __future__ import annotations

from pathlib import Path

import pytest

import markdown_links
from markdown_links import ROOT, broken, documents, headings, links


@pytest.mark.parametrize("page", documents(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page beside another one, in a repository of their own."""
    monkeypatch.setattr(markdown_links, "ROOT", tmp_path)
    (tmp_path / "other.md").write_text("# Other\n\n## 5. Two `directions`\n\n## Twice\n\n## Twice\n\n## 双向（二）\n")
    (tmp_path / "code.py").write_text("pass\n")
    return tmp_path / "page.md"


@pytest.mark.parametrize(
    "text",
    [
        "[a](missing.md)",
        "[a](other.md#missing)",
        "[a](#missing)",
        "[a](other.md#twice-2)",
        "[a](code.py#main)",
        "[a](/other.md)",
        "[a](../outside.md)",
        "![a](missing.png)",
        '<a href="missing.md">a</a>',
        "[a][nowhere]",
        "[a]\n\n[a]: missing.md",
        "[a](missing%20name.md)",
        '[a](missing.md "with a title")',
    ],
)
def test_a_broken_link_is_named_with_its_line(text: str, page: Path) -> None:
    page.write_text(f"# Page\n\n{text}\n")
    (found,) = broken(page)
    assert found[0] in (3, 5)
    assert found[1]


@pytest.mark.parametrize(
    "text",
    [
        "[a](other.md), [b](other.md#5-two-directions), [c](other.md#twice-1), [d](other.md#双向二), [e](#page)",
        "[a](other.md#%E5%8F%8C%E5%90%91%E4%BA%8C)",
        "[a](code.py#L1), [b](https://nowhere.example/x#y), [c](mailto:a@b.example)",
        "```\n[a](missing.md)\n```\n\n~~~~\n[a](missing.md)\n~~~~\n",
        "`[a](missing.md)` and ``[`a`](missing.md)``",
        "<!-- [a](missing.md) -->",
        "$[h](x)$ and $$\n[h](x)\n$$",
        '<a id="here"></a> [a](#here)',
        "[a][one]\n\n[one]: other.md",
    ],
)
def test_a_good_link_and_what_is_no_link_are_left_alone(text: str, page: Path) -> None:
    page.write_text(f"# Page\n\n{text}\n")
    assert list(broken(page)) == []


def test_places_are_those_of_the_text() -> None:
    text = "# `A`\n\n`[x](no.md)` [y](yes.md#z)\n\n## A #\n"
    (link,) = links(text)
    assert text[link.start : link.end] == link.target == "yes.md#z"
    assert [(each.level, each.anchor) for each in headings(text)] == [(1, "a"), (2, "a-1")]


def test_the_check_fails_where_a_link_is_broken(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page.write_text("# Page\n\n[a](missing.md)\n")
    assert markdown_links.main() == 1
    assert capsys.readouterr().err == "page.md:3: broken link missing.md: there is no such file\n"
