"""Links and headings of the Markdown documents, and the check that every link inside the repository leads somewhere.

    python scripts/markdown_links.py

prints one line for each broken link and exits with 1 if there is any. Links to the network are not followed. Anchors
are those that GitHub gives to headings; the site (scripts/make_site.py) keeps the same ones.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})[^\n]*\n.*?(?:^[ \t]*\2[`~]*[ \t]*$|\Z)", re.M | re.S)
COMMENT = re.compile(r"<!--.*?-->", re.S)
CODE = re.compile(r"(?<!`)(`+)(?!`)(?:(?!\n[ \t]*\n).)+?(?<!`)\1(?!`)", re.S)
MATH = re.compile(r"\$\$.*?\$\$|\$(?=\S)[^$\n]+?(?<=\S)\$", re.S)
INLINE = re.compile(r"\]\(\s*<?(?P<target>[^()\s<>]+(?:\([^()\s]*\)[^()\s<>]*)*)>?(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)")
DEFINED = re.compile(r"^ {0,3}\[(?P<name>[^\]\n]+)\]:\s*<?(?P<target>[^\s<>]+)>?", re.M)
MENTIONED = re.compile(r"\]\[(?P<name>[^\]\n]+)\]")
ATTRIBUTE = re.compile(r"<[a-z][^<>]*?\s(?:src|href)=\"(?P<target>[^\"]+)\"", re.I)
HEADING = re.compile(r"^(?P<marks>#{1,6})[ \t]+(?P<text>[^\n]+?)(?:[ \t]+#+)?[ \t]*$", re.M)
NAMED = re.compile(r"<[a-z][^<>]*?\s(?:id|name)=\"(?P<name>[^\"]+)\"", re.I)
ELSEWHERE = re.compile(r"(?:[a-z][a-z0-9+.-]*:|//)", re.I)
LINE = re.compile(r"L\d+(?:-L\d+)?")


@dataclass(frozen=True)
class Link:
    """Where a link leads; `start` and `end` say where its target stands in the page."""

    target: str
    start: int
    end: int

    @property
    def is_external(self) -> bool:
        """Whether it leaves the repository."""
        return ELSEWHERE.match(self.target) is not None

    @property
    def path(self) -> str:
        """The file, relative to the page; empty for the page itself."""
        return unquote(self.target.partition("#")[0])

    @property
    def anchor(self) -> str:
        """What stands behind the #, or nothing."""
        return unquote(self.target.partition("#")[2])


@dataclass(frozen=True)
class Heading:
    """A heading, its anchor on GitHub, and where its line begins and ends in the page."""

    level: int
    text: str
    anchor: str
    start: int
    end: int


def blanked(text: str, *patterns: re.Pattern[str]) -> str:
    """The text with what matches replaced by spaces: everything else stays where it stood."""
    for pattern in patterns:
        text = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    return text


def links(text: str) -> list[Link]:
    """All links and pictures of a page: inline, by reference, and in HTML; what stands in code is none."""
    prose = blanked(text, FENCE, COMMENT, CODE, MATH)
    found = [match for pattern in (INLINE, DEFINED, ATTRIBUTE) for match in pattern.finditer(prose)]
    places = sorted(match.span("target") for match in found)
    return [Link(text[start:end], start, end) for start, end in places]


def headings(text: str) -> list[Heading]:
    """The headings of a page in their order; of equal ones, the second has the anchor of the first and -1."""
    seen: Counter[str] = Counter()
    found = []
    for match in HEADING.finditer(blanked(text, FENCE, COMMENT)):
        plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", match["text"])
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        anchor = f"{slug}-{seen[slug]}" if seen[slug] else slug
        seen[slug] += 1
        found.append(Heading(len(match["marks"]), match["text"], anchor, match.start(), match.end()))
    return found


@cache
def anchors(page: Path) -> frozenset[str]:
    """Everything in a page that a link can lead to."""
    text = page.read_text(encoding="utf-8")
    named = {match["name"] for match in NAMED.finditer(blanked(text, FENCE, COMMENT, CODE))}
    return frozenset({heading.anchor for heading in headings(text)} | named)


def documents() -> list[Path]:
    """The Markdown documents of the repository whose links are checked."""
    folders = [ROOT.glob("*.md"), *((ROOT / name).rglob("*.md") for name in ("docs", "benchmarks", "examples"))]
    return sorted(path for paths in folders for path in paths if "node_modules" not in path.parts)


def broken(page: Path) -> Iterator[tuple[int, str]]:
    """Line and complaint for each link of a page that leads nowhere."""
    text = page.read_text(encoding="utf-8")
    for link in links(text):
        reason = None if link.is_external else complaint(page, link)
        if reason:
            yield text.count("\n", 0, link.start) + 1, f"{link.target}: {reason}"
    prose = blanked(text, FENCE, COMMENT, CODE, MATH)
    defined = {match["name"].lower() for match in DEFINED.finditer(prose)}
    for match in MENTIONED.finditer(prose):
        if match["name"].lower() not in defined:
            yield text.count("\n", 0, match.start()) + 1, f"[{match['name']}] is defined nowhere in the page"


def complaint(page: Path, link: Link) -> str | None:
    """What is wrong with a link inside the repository, if anything is."""
    there = (page.parent / link.path).resolve() if link.path else page
    if link.path.startswith("/") or not there.is_relative_to(ROOT):
        return "the target must lie in the repository and be named relative to the page"
    if not there.exists():
        return "there is no such file"
    if not link.anchor:
        return None
    if there.suffix != ".md":
        return None if LINE.fullmatch(link.anchor) else "only Markdown pages have anchors"
    if link.anchor not in anchors(there):
        return f"no heading of {there.relative_to(ROOT)} has this anchor"
    return None


def main() -> int:
    found = 0
    for page in documents():
        for line, text in broken(page):
            print(f"{page.relative_to(ROOT)}:{line}: broken link {text}", file=sys.stderr)
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
