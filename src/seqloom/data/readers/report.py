"""The report on reading: how many examples there were, how files are laid out, and which lines could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from seqloom.data.examples import Origin
from seqloom.data.readers.header import counts_rows, crossed
from seqloom.errors import DataError

LISTED, LISTED_COLUMNS = 100, 5
"""How many bad lines, and how many unread columns, are listed at most; all are counted."""
USUAL = {"tsv": "\t", "csv": ","}
"""The delimiter of each text format if no other is configured or found."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was left out, and the reason."""

    where: str
    reason: str


@dataclass
class Noted:
    """How often something unusual was read, and where first."""

    count: int
    where: str


@dataclass(frozen=True)
class Table:
    """The layout of a table.

    `header` is empty if there is none. `columns` are the roles of the columns that are read and their numbers from 1;
    `unread` are the numbers of the others. `doubtful` is a first row that is read as a pair although it might be a
    header, and `rival` is another delimiter that would also fit.
    """

    format: str
    delimiter: str
    header: tuple[str, ...]
    columns: tuple[tuple[str, int], ...]
    unread: tuple[int, ...]
    doubtful: tuple[str, ...] = ()
    rival: str = ""

    @staticmethod
    def of(
        kind: str,
        delimiter: str,
        header: Sequence[str] | None,
        columns: tuple[tuple[str, int], ...],
        width: int,
        doubtful: Sequence[str] = (),
    ) -> Table:
        """The layout of a table with `width` columns."""
        used = {place for _, place in columns}
        unread = tuple(place for place in range(1, width + 1) if place not in used)
        return Table(kind, delimiter, tuple(header or ()), columns, unread, tuple(doubtful))

    def sentences(self) -> Iterator[str]:
        """A sentence for everything about the layout that a user might not expect."""
        if self.delimiter != USUAL.get(self.format, ""):
            yield f"cells are separated by a {shown_delimiter(self.delimiter)} (data.delimiter)"
        if self.rival:
            yield (
                f"cells are separated by a {shown_delimiter(self.delimiter)}; as many lines have a "
                f"{shown_delimiter(self.rival)}: data.delimiter={self.rival!r} if that separates them"
            )
        if self.header and self.format in USUAL:
            names = ", ".join(map(_shown, self.header))
            said = "and is not read as a pair; data.header=no reads it as one"
            yield f"the first line names the columns ({names}) {said}"
        if self.doubtful:
            cells = ", ".join(map(_shown, self.doubtful))
            yield f"the first line ({cells}) is read as a pair; data.header=yes if it names the columns"
        usual = ("source", 1), ("target", 2)
        if (
            self.unread
            or any(each not in usual for each in self.columns)
            or self._odd_names()
            or self._chosen_by_name()
        ):
            read = ", ".join(f"{name} is column {self._named(place)}" for name, place in self.columns)
            left = ", ".join(map(self._named, self.unread[:LISTED_COLUMNS]))
            left += " …" if len(self.unread) > LISTED_COLUMNS else ""
            yield f"{read}" + (f"; not read: column {left}" if left else "")

    def _odd_names(self) -> bool:
        """Whether the name of a column does not fit the role in which it is read."""
        names = [self.header[place - 1] for _, place in self.columns if place <= len(self.header)]
        return any(map(counts_rows, names)) or (len(names) > 1 and crossed(*names[:2]))

    def _chosen_by_name(self) -> bool:
        """Whether the table was given in Python, and its columns have other names than source and target."""
        return self.format == "table" and self.header != ("source", "target")

    def _named(self, place: int) -> str:
        return f"{place} ({_shown(self.header[place - 1])})" if place <= len(self.header) else str(place)

    def to_values(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "format": self.format,
            "delimiter": self.delimiter,
            "header": list(self.header),
            "columns": dict(self.columns),
            "unread": list(self.unread),
            "doubtful": list(self.doubtful),
            "rival": self.rival,
        }

    @staticmethod
    def from_values(values: Mapping[str, Any]) -> Table:
        """The layout that `to_values` wrote."""
        return Table(
            values["format"],
            values["delimiter"],
            tuple(values["header"]),
            tuple((name, int(place)) for name, place in values["columns"].items()),
            tuple(values["unread"]),
            tuple(values["doubtful"]),
            values["rival"],
        )


@dataclass
class ReadReport:
    """Collects what happens while files are read.

    `examples` counts the pairs. `bad` lists the first hundred of `bad_count` bad lines. `parts` holds the number of
    pairs of each entry. `noted` counts unusual things that were read, `tables` holds the layouts and the number of
    files of each, and `named` counts what was read with each tag that was found in the name of a file.
    """

    on_bad_line: Literal["error", "skip"] = "error"
    examples: int = 0
    bad_count: int = 0
    bad: list[BadLine] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    noted: dict[str, Noted] = field(default_factory=dict)
    tables: dict[Table, Noted] = field(default_factory=dict)
    named: dict[str, int] = field(default_factory=dict)

    def refuse(self, origin: Origin, reason: str, hint: str = "") -> None:
        """Refuse a line: raise `DataError`, or count and list the line if bad lines are skipped."""
        if self.on_bad_line == "error":
            raise DataError(reason, where=str(origin), hint=hint or 'data.on_bad_line = "skip" leaves bad lines out')
        self.bad_count += 1
        if len(self.bad) < LISTED:
            self.bad.append(BadLine(str(origin), reason))

    def note(self, what: str, origin: Origin) -> None:
        """Count something unusual that is read all the same; `what` is a noun in the plural."""
        if what in self.noted:
            self.noted[what].count += 1
        else:
            self.noted[what] = Noted(1, str(origin))

    def add_table(self, table: Table, file: str) -> None:
        """Count a file with this layout."""
        if table in self.tables:
            self.tables[table].count += 1
        else:
            self.tables[table] = Noted(1, file)

    def call_column(self, role: str, name: str) -> None:
        """Say of the columns with a role that they are something else, for which they were read by that role."""
        tables, self.tables = self.tables, {}
        for table, files in tables.items():
            columns = tuple((name if each == role else each, place) for each, place in table.columns)
            self.add_table(replace(table, columns=columns), files.where)
            self.tables[replace(table, columns=columns)].count += files.count - 1

    def sentences(self) -> list[str]:
        """Sentences for the user about how the files were read."""
        said = []
        for table, files in self.tables.items():
            more = f" and {_of(files.count - 1, 'other file')}" if files.count > 1 else ""
            said += [f"{files.where}{more}: {sentence}" for sentence in table.sentences()]
        if self.named:
            counts = ", ".join(f"{tag} {count:,}" for tag, count in self.named.items())
            said.append(f"tags from the names of the files (data.tag_from_name): {counts}")
        return said + [f"{what}: {noted.count:,} (first: {noted.where})" for what, noted in self.noted.items()]

    def summary(self) -> str:
        """A sentence with the numbers of pairs and bad lines."""
        if not self.bad_count:
            return f"{self.examples:,} pairs read"
        first = self.bad[0]
        read = f"{self.examples:,} pairs read, {self.bad_count:,} bad lines left out"
        return f"{read} (first: {first.where}: {first.reason})"

    def to_values(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "examples": self.examples,
            "bad_count": self.bad_count,
            "bad": [[line.where, line.reason] for line in self.bad],
            "parts": self.parts,
            "tables": [
                {**table.to_values(), "files": files.count, "first": files.where}
                for table, files in self.tables.items()
            ],
            "noted": {what: [noted.count, noted.where] for what, noted in self.noted.items()},
            "named": self.named,
        }

    @staticmethod
    def from_values(values: Mapping[str, Any]) -> ReadReport:
        """The report that `to_values` wrote."""
        bad = [BadLine(where, reason) for where, reason in values["bad"]]
        noted = {what: Noted(*found) for what, found in values["noted"].items()}
        tables = {Table.from_values(each): Noted(each["files"], each["first"]) for each in values["tables"]}
        counts = int(values["examples"]), int(values["bad_count"])
        return ReadReport("skip", *counts, bad, list(values["parts"]), noted, tables, dict(values["named"]))


def shown_delimiter(delimiter: str) -> str:
    """The usual name of a delimiter."""
    return {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar (|)"}.get(delimiter, repr(delimiter))


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= 40 else cell[:40] + "…")


def _of(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
