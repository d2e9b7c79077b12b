"""Read TSV and CSV files, in which each row is a pair and a delimiter separates its cells.

CSV has the usual quoting; TSV has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, Origin
from seqloom.data.readers.columns import Columns, checked, labelled, split_tags
from seqloom.data.readers.layout import table_cells
from seqloom.data.readers.report import ReadReport, shown_delimiter


def read_tsv(entry: str, config: DataConfig, report: ReadReport) -> Iterator[Example]:
    """Read the examples of a TSV file."""
    return _examples(entry, config, report, comma=False)


def read_csv(entry: str, config: DataConfig, report: ReadReport) -> Iterator[Example]:
    """Read the examples of a CSV file."""
    return _examples(entry, config, report, comma=True)


def _examples(entry: str, config: DataConfig, report: ReadReport, *, comma: bool) -> Iterator[Example]:
    """Read the rows of a table as examples; all must have as many cells as the header or the first good row."""
    cells = table_cells(entry, config, report, comma=comma)
    columns, width = cells.columns, cells.width
    for origin, row in cells.rows:
        if row is None:
            continue
        if len(row) < columns.needed or (width and len(row) != width):
            hint = "" if width else _hint(columns, len(row), shown_delimiter(cells.delimiter))
            report.refuse(origin, f"must have {_count(max(width, columns.needed))}, not {_found(row)}", hint)
            continue
        width = len(row)
        example = _example(row, columns, config, origin, report)
        if example is not None:
            yield example


def _example(
    row: Sequence[str], columns: Columns, config: DataConfig, origin: Origin, report: ReadReport
) -> Example | None:
    """The example in a row that has enough cells; None if it was refused and skipped."""
    assert columns.target is not None
    tags = () if columns.tags is None else split_tags(row[columns.tags], config)
    references = tuple(row[place] for place in columns.references if row[place].strip())
    target: str | None = row[columns.target]
    if columns.label is not None:
        target = labelled(row[columns.label], row[columns.target], origin, report)
    if target is None:
        return None
    return checked(Example(row[columns.source], target, origin, tags, references), report)


def _hint(columns: Columns, found: int, delimiter: str) -> str:
    """What may be wrong with a first row of so many cells: the column that somebody wants, or what parts cells."""
    beyond = [f"{role} is column {place}" for role, place in columns.places if place > max(found, 2)]
    wanted = f"{', '.join(beyond)} by the settings of data; " if beyond and found > 1 else ""
    return f"{wanted}cells are separated by a {delimiter}; see data.delimiter"


def _count(number: int) -> str:
    return f"{number} column" if number == 1 else f"{number} columns"


def _found(row: Sequence[str]) -> str:
    return "an empty line" if len(row) <= 1 and not "".join(row) else str(len(row))
