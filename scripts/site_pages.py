"""The pages of the documentation site, made from the documents of the repository.

The documents are written to be read in the repository, where a link may lead to any file. For the site each document is
copied to the place that it has there, its links are made to lead to the copies, its headings get the anchors that they
have in the repository, and files that are linked and are no documents, such as modules, become pages that show them.
Notebooks are documents, too: their cells are shown one after the other, and the notebook itself can be taken along.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docstrings import read, room_markdown, rooms
from markdown_links import COMMENT, FENCE, MATH, Heading, Link, blanked, headings, links

ROOT = Path(__file__).parents[1]
PLACES = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/RESULTS.md": "benchmarks.md",
    "docs/site/demo.md": "demo.md",
}
"""Documents whose place in the site is not their place below docs/."""
LANGUAGES = {".py": "python", ".js": "js", ".mjs": "js", ".toml": "toml", ".json": "json", ".sh": "bash"}
PICTURES = (".png", ".svg")
DOCUMENTS = (".md", ".ipynb")
TAKEN = "A notebook: [{name}](<{name}>)"
NOT_TRANSLATED = '!!! note ""\n\n    本页尚未译成中文，以下是英文原文。\n\n'
DEMO = "<!-- the page of web/, or a word on how to get its model -->"
BUTTONS = {
    "en": (
        ("Try it in the browser", "docs/site/demo.md"),
        ("First guide: your own data", "docs/guides/your-own-data.md"),
    ),
    "zh": (("在浏览器中试用", "docs/site/demo.md"), ("第一篇指南：您自己的数据", "docs/guides/your-own-data.md")),
}
HAN = "[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]"


@dataclass
class Pages:
    """The pages in one language; `demo` is what stands in the page of the demo.

    A document that is not translated is shown in English, with a note that says so.
    """

    language: str
    demo: str
    made: dict[str, str] = field(default_factory=dict)
    """Text of each page by its place in the site."""
    pictures: dict[str, Path] = field(default_factory=dict)
    """Files that go into the site as they are, pictures and notebooks, by their place."""

    def add(self, document: str) -> str:
        """Makes the page of a document (by its path in the repository), and says where it is."""
        place = place_of(document)
        if place not in self.made:
            self.made[place] = ""  # pages may lead to each other
            source, text = self.read(document)
            text = self.led(source, place, text)
            if source.suffix == ".ipynb":
                self.pictures[f"{Path(place).with_suffix('.ipynb')}"] = source
                title, _, rest = text.partition("\n")
                text = f"{title}\n\n{TAKEN.format(name=source.name)}\n{rest}"
            self.made[place] = self.with_buttons(text) if place == "index.md" else text.replace(DEMO, self.demo)
        return place

    def with_buttons(self, home: str) -> str:
        """The page to begin with, which is the README, with two ways on above its picture or its first section."""
        section = next(heading.start for heading in headings(home) if heading.level == 2)
        picture = re.search(r"^!\[", home[:section], re.M)
        place = picture.start() if picture else section
        (title, demo), (other, guide) = BUTTONS[self.language]
        buttons = (
            f"[{title}]({self.add(demo)}){{ .md-button .md-button--primary }}\n"
            f"[{other}]({self.add(guide)}){{ .md-button }}"
        )
        return f"{home[:place]}{buttons}\n\n{home[place:]}"

    def add_rooms(self) -> list[dict[str, str]]:
        """Makes a page about each part of the package, in English, and gives their titles and places."""
        menu = []
        for name, paths in rooms().items():
            place = f"reference/modules/{name}.md"
            if self.language == "en":
                described = [(read(path), self.shown(path, place)) for path in paths]
                self.made[place] = room_markdown(name, described)
            menu.append({name: place if self.language == "en" else f"../{place.removesuffix('.md')}/"})
        return menu

    def shown(self, file: Path, place: str) -> str:
        """Where the page at `place` leads to for a file that is no document; such pages are made in English only."""
        path = file.relative_to(ROOT).as_posix()
        if self.language == "en":
            self.made.setdefault(f"source/{path}.md", page_of(path, file))
            return os.path.relpath(f"source/{path}.md", Path(place).parent)
        return os.path.relpath(f"source/{path}", (Path("zh") / place).parent) + "/"

    def file(self, document: str) -> Path:
        """The file with a document in the language of the pages, or in English where there is no translation."""
        original = ROOT / document
        translated = original.with_name(f"{original.stem}.{self.language}.md")
        return translated if translated.is_file() else original

    def read(self, document: str) -> tuple[Path, str]:
        """The file of a document, and its text as it goes into the site."""
        source = self.file(document)
        text = document_text(source)
        if source.name.endswith(".zh.md"):
            text = joined(text)
        elif self.language == "zh":
            first = next((heading.end for heading in headings(text)), 0)
            text = f"{text[:first]}\n\n{NOT_TRANSLATED}{text[first:].lstrip()}"
        return source, text

    def led(self, source: Path, place: str, text: str) -> str:
        """The text with links to pages of the site, anchors at its headings, and no link to its own translation."""
        dropped = [*switches(source, text), *notes(text)]
        changes = [(start, end, "") for start, end in dropped]
        inside = [link for link in links(text) if not link.is_external]
        kept = [link for link in inside if not any(start <= link.start < end for start, end in dropped)]
        changes += [(link.start, link.end, self.target(source, place, link)) for link in kept]
        for heading, anchor in zip(headings(text), site_anchors(source), strict=True):
            if heading.level > 1:
                changes.append((heading.end, heading.end, f" {{ #{anchor} }}"))
        for start, end, new in sorted(changes, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def target(self, source: Path, place: str, link: Link) -> str:
        """Where a link of a document leads in the site."""
        there = (source.parent / link.path).resolve() if link.path else source
        path = there.relative_to(ROOT).as_posix()
        anchor = link.anchor
        if there.suffix in DOCUMENTS:
            to = self.add(document_of(there))
            shown_there = self.file(document_of(there))
            anchor = anchor and same_heading(there, anchor, shown_there)
        elif there.suffix in PICTURES:
            to, anchor = path.removeprefix("docs/"), ""
            self.pictures[to] = there
        else:
            return self.shown(there, place)
        relative = os.path.relpath(to, Path(place).parent)
        return f"{relative}#{anchor}" if anchor else relative

    def write(self, folder: Path) -> None:
        """Writes all pages and their pictures into a folder."""
        for place, text in self.made.items():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(text, encoding="utf-8")
        for place, picture in self.pictures.items():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(picture, folder / place)


def place_of(document: str) -> str:
    """Where a document stands in the site."""
    return PLACES.get(document, re.sub(r"\.ipynb$", ".md", document.removeprefix("docs/")))


def document_text(page: Path) -> str:
    """The text of a document in Markdown; of a notebook its cells."""
    text = page.read_text(encoding="utf-8")
    if page.suffix != ".ipynb":
        return text
    cells = (_cell(each["cell_type"], "".join(each["source"])) for each in json.loads(text)["cells"])
    return "\n\n".join(cells) + "\n"


def _cell(kind: str, text: str) -> str:
    """A cell of a notebook in Markdown; lines for a shell begin with an exclamation mark in a notebook."""
    if kind == "markdown":
        return text
    language, shown = ("bash", text.lstrip("!")) if text.startswith("!") else ("python", text)
    return f"```{language}\n{shown}\n```"


def document_of(page: Path) -> str:
    """The path in the repository of a document, or of the one that a page translates."""
    path = page.relative_to(ROOT).as_posix()
    return re.sub(r"\.zh\.md$", ".md", path)


def site_anchors(page: Path) -> list[str]:
    """The anchors of a page's headings in the site; a translation has those of the original if it has its headings."""
    own = headings(document_text(page))
    original = headings(document_text(ROOT / document_of(page)))
    same = [heading.level for heading in own] == [heading.level for heading in original]
    return [heading.anchor for heading in (original if same else own)]


def same_heading(page: Path, anchor: str, other: Path) -> str:
    """The anchor in the site of a heading of a page, or of its translation that is shown instead; else nothing."""
    found = [heading.anchor for heading in headings(document_text(page))]
    if page != other and site_anchors(page) != site_anchors(other):
        return ""
    return site_anchors(other)[found.index(anchor)] if anchor in found else anchor


def switches(source: Path, text: str) -> Iterator[tuple[int, int]]:
    """Lines that hold nothing but a link to the same document in another language: the site has a menu for it."""
    for link in links(text):
        there = (source.parent / link.path).resolve()
        start, end = text.rfind("\n", 0, link.start) + 1, text.find("\n", link.end)
        same = not link.is_external and there.suffix == ".md" and document_of(there) == document_of(source)
        if same and link.path and re.fullmatch(r"\[[^\]]*\]\([^)]*\)", text[start:end].strip()):
            yield start, end


def notes(text: str) -> Iterator[tuple[int, int]]:
    """Comments, which are for whoever works on a document."""
    yield from (match.span() for match in COMMENT.finditer(blanked(text, FENCE)) if match[0] != DEMO)


def joined(text: str) -> str:
    """Chinese text without the breaks of its lines, which a browser would show as spaces."""
    prose = blanked(text, FENCE, MATH)
    breaks = [match.start() for match in re.finditer(f"(?<={HAN})\n(?={HAN})", prose)]
    parts = [text[start:end] for start, end in zip([0, *(at + 1 for at in breaks)], [*breaks, len(text)], strict=True)]
    return "".join(parts)


def page_of(path: str, there: Path) -> str:
    """A page that shows a file, or lists a folder; search leaves it out."""
    front = "---\nsearch:\n  exclude: true\nhide:\n  - toc\n---\n\n"
    if there.is_dir():
        names = sorted(f"{each.name}/" if each.is_dir() else each.name for each in there.iterdir())
        listed = "".join(f"- `{name}`\n" for name in names if not name.startswith(("_", ".")))
        return f"{front}# {there.name}\n\n`{path}/`\n\n{listed}"
    text = there.read_text(encoding="utf-8")
    ticks = "`" * (3 + max((len(run) for run in re.findall(r"`{3,}", text)), default=0))
    return f"{front}# {there.name}\n\n`{path}`\n\n{ticks}{LANGUAGES.get(there.suffix, 'text')}\n{text}\n{ticks}\n"


def title_of(text: str) -> str:
    """What stands in the first heading of a page, without marks."""
    first: Heading | None = next(iter(headings(text)), None)
    return re.sub(r"[`*]|\{.*\}$", "", first.text).strip() if first else ""


def navigation(pages: Pages, sections: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The menu: named documents in their order, then what else lies in a section's folder.

    A document that is named and missing is an error; one that is new is shown without being named.
    """
    suffix = "_zh" if pages.language == "zh" else ""
    menu: list[dict[str, Any]] = []
    for section in sections:
        named = list(section["pages"])
        there = (ROOT / section["folder"]).iterdir() if "folder" in section else ()
        lying = sorted(path for path in there if path.suffix in DOCUMENTS)
        others = [document for document in map(document_of, lying) if document not in named]
        others = list(dict.fromkeys(others))
        entries = [entry(pages, document) for document in named]
        more: list[dict[str, Any]] = [entry(pages, document) for document in others]
        if section.get("modules"):
            more += pages.add_rooms()
        if more and "heading" in section:
            more = [{section["heading" + suffix]: more}]
        menu.append({section["title" + suffix]: [*entries, *more]})
    return menu


def entry(pages: Pages, document: str) -> dict[str, Any]:
    if not (ROOT / document).is_file():
        raise FileNotFoundError(f"docs/site/zensical.toml names {document}, which does not exist")
    place = pages.add(document)
    return {title_of(pages.made[place]): place}
