"""The common style of all plots, fonts for any text, and the function that writes plots to files.

Colours are those of Okabe and Ito, which people with colour vision deficiencies can also distinguish. Text is drawn in
the first installed font that has its characters; characters that no installed font has are drawn as hollow boxes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqloom.checkpoint.files import output_file
from seqloom.errors import DataError, missing_package

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PINK, SKY, VERMILION, YELLOW = (
    *("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"),
    "#f0e442",
)
CYCLE = (BLUE, VERMILION, GREEN, ORANGE, PINK, SKY)
INK, GREY, RULE = "#262626", "#6b6b6b", "#e3e3e3"
HEAT = ("#ffffff", "#d6e6f4", "#8fc1de", "#3787c0", "#0b559f", "#08306b")
SUFFIXES = (".png", ".svg", ".pdf")
FONT = "DejaVu Sans"
BOX = "\u25a1"
SHOWN = {" ": "\u2423", "\n": "\u21b5", "\r": "\u240d", "\t": "\u21e5", "": "\u2205"}
"""Visible signs for characters and tokens that would be invisible."""

SETTINGS: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "figure.facecolor": "white",
    "figure.titlesize": 12,
    "font.enable_last_resort": False,
    "font.size": 10,
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "svg.hashsalt": "seqloom",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 9,
}


def render(path: Path | str, size: tuple[float, float], draw: Callable[[Figure], None], *, text: Iterable[str]) -> Path:
    """Draw a figure of the given size (inches) and write it as PNG, SVG or PDF depending on the suffix of the path.

    `text` holds the strings that come from the user, for which fonts are searched. The global state of pyplot is not
    changed, and the same figure always gives the same bytes. Raises a `DataError` for other suffixes.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(f"the file name of a plot must end in {', '.join(SUFFIXES)}, not {path.name!r}")
    try:
        from matplotlib import rc_context  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        raise missing_package("matplotlib", "plot", "drawing") from None
    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix)
    families, _ = fonts_for("".join(text))
    weight = "bold" if families == [FONT] else "normal"  # other fonts rarely have a bold face
    settings: Any = {**SETTINGS, "font.family": families, "axes.titleweight": weight, "figure.titleweight": weight}
    with rc_context(settings):
        figure = Figure(figsize=size)
        draw(figure)
        with output_file(path) as stream:
            kind: Any = suffix.removeprefix(".")
            figure.savefig(stream, format=kind, dpi=160, bbox_inches="tight", pad_inches=0.15, metadata=undated)
    return path


def fonts_for(text: str) -> tuple[list[str], frozenset[str]]:
    """Font families that together have the characters of `text`, the default first, and characters that none has."""
    from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font  # noqa: PLC0415

    families = [FONT]
    characters = {char for char in text if char.isprintable()}
    missing = _without_glyph(characters, get_font(findfont(FontProperties(family=[FONT]))))
    if missing:
        upright = [each for each in fontManager.ttflist if each.style == "normal" and each.weight in (400, "normal")]
        plain = [each for each in upright if not each.name.startswith("Last Resort")]
        for entry in sorted(plain, key=lambda entry: ("Sans" not in entry.name, entry.name)):
            left = _without_glyph(missing, get_font(entry.fname))
            if left < missing:
                families.append(entry.name)
                missing = left
            if not missing:
                break
    return families, frozenset(missing)


def readable(tokens: Iterable[str], longest: int = 24) -> list[str]:
    """Turn tokens into labels: make white space visible, cut long tokens, draw boxes for characters without a glyph."""
    tokens = list(tokens)
    _, missing = fonts_for("".join(tokens))
    return [_label(token, missing, longest) for token in tokens]


def width(text: str) -> float:
    """The approximate width of a label in units of the font size; wide East Asian characters count more."""
    return sum(1.0 if unicodedata.east_asian_width(char) in "WF" else 0.62 for char in text)


def heading(axes: Axes, title: str) -> None:
    """Set a left-aligned title, unless it is empty."""
    if title:
        axes.set_title(readable([title], longest=120)[0], pad=10)


def _without_glyph(characters: Iterable[str], font: Any) -> set[str]:
    return {char for char in characters if not font.get_char_index(ord(char))}


def _label(token: str, missing: frozenset[str], longest: int) -> str:
    token = SHOWN.get(token, token)
    token = token if len(token) <= longest else token[: longest - 1] + "…"
    return "".join(SHOWN.get(char, BOX) if not char.isprintable() or char in missing else char for char in token)
