"""Pieces of HTML: escaped text, tables and heat maps, styled in place so that they look the same in every notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

RULE = "border-bottom:1px solid rgba(128,128,128,.35)"
CELL = "padding:2px 10px 2px 0;text-align:{align};vertical-align:top;background:none"
MARK = "0,114,178"
"""The colour of heat maps and bars: blue, as in the pictures, mixed into the page's own background."""
INVISIBLE = {" ": "␣", "\n": "↵", "\r": "␍", "\t": "⇥", "": "∅"}
"""Signs for tokens that could not be seen."""
CELLS = 2500
"""The largest number of cells of a heat map; a larger one would slow the page down."""


def block(*parts: str) -> str:
    """Parts one below the other, in a box that scrolls sideways where it is too wide."""
    inside = "".join(part for part in parts if part)
    return f'<div style="overflow-x:auto;font-size:90%;line-height:1.45">{inside}</div>'


def text(value: object) -> str:
    """A value as text that cannot be mistaken for markup, written in the direction of its script."""
    return f'<span dir="auto">{escape(str(value))}</span>'


def line(value: object) -> str:
    """A line of text."""
    return f'<div style="margin:2px 0">{text(value)}</div>'


def heading(value: object) -> str:
    """A line of bold text."""
    return f'<div style="margin:6px 0 2px;font-weight:bold">{text(value)}</div>'


def table(names: Sequence[str], rows: Iterable[Sequence[object]], *, left: int = 1) -> str:
    """A table with a line of names; all columns but the first `left` ones hold numbers and are flush right."""

    def cells(kind: str, values: Sequence[object], style: str) -> str:
        drawn = (
            f'<{kind} style="{CELL.format(align="left" if place < left else "right")};{style}">{text(value)}</{kind}>'
            for place, value in enumerate(values)
        )
        return f'<tr style="background:none">{"".join(drawn)}</tr>'

    head = cells("th", names, f"font-weight:bold;{RULE}") if any(names) else ""
    body = "".join(cells("td", row, "") for row in rows)
    return f'<table style="border-collapse:collapse;border:none;margin:4px 0">{head}{body}</table>'


def facts(values: Mapping[str, object]) -> str:
    """A table of names and values without a head."""
    return table(("", ""), [(f"{name}:", value) for name, value in values.items()], left=2)


def heat(columns: Sequence[str], rows: Sequence[str], weights: Sequence[Sequence[float]]) -> str:
    """A heat map: a darker cell means a larger weight, which is shown where the pointer rests on the cell."""
    largest = max((max(row, default=0.0) for row in weights), default=0.0) or 1.0
    label = "padding:1px 5px;text-align:{};font-weight:normal;white-space:nowrap;background:none;border:none"
    upright = ";writing-mode:vertical-rl" if max(map(len, columns), default=0) > 3 else ""
    head = "".join(
        f'<th style="{label.format("center")};vertical-align:bottom{upright}">{text(INVISIBLE.get(each, each))}</th>'
        for each in columns
    )

    def cell(weight: float, source: str, target: str) -> str:
        colour = f"rgba({MARK},{weight / largest:.2f})"
        said = escape(f"{target} ← {source}: {weight:.2f}", quote=True)
        return (
            f'<td title="{said}" style="background:{colour};border:1px solid rgba(128,128,128,.2);'
            'min-width:18px;height:18px;padding:0"></td>'
        )

    body = "".join(
        f'<tr style="background:none"><th style="{label.format("right")}">{text(INVISIBLE.get(name, name))}</th>'
        + "".join(cell(weight, source, name) for weight, source in zip(row, columns, strict=True))
        + "</tr>"
        for name, row in zip(rows, weights, strict=True)
    )
    corner = '<th style="background:none;border:none"></th>'
    return (
        f'<table style="border-collapse:collapse;border:none;margin:4px 0"><tr style="background:none">{corner}{head}'
        f"</tr>{body}</table>"
    )


def bar(share: float) -> str:
    """A bar that is filled to this share."""
    filled = f"width:{100 * min(1.0, max(0.0, share)):.1f}%;height:100%;background:rgb({MARK});border-radius:3px"
    return (
        '<div style="width:100%;max-width:420px;height:8px;margin:4px 0;background:rgba(128,128,128,.25);'
        f'border-radius:3px"><div style="{filled}"></div></div>'
    )


def figure(value: object) -> str:
    """A number as short text."""
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
