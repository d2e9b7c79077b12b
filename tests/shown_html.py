"""HTML of a notebook: read, and checked to be whole and to load nothing from elsewhere."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = ("br", "hr", "img")


class Tree(HTMLParser):
    """Checks that tags are closed in order, and collects them with the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def safe(html: str) -> Tree:
    tree = Tree(html)
    names = {tag for tag, _ in tree.tags}
    assert names <= {"div", "span", "table", "tr", "td", "th"}
    assert all(set(given) <= {"style", "dir", "title"} for _, given in tree.tags)
    assert "http" not in html
    assert "url(" not in html
    return tree
