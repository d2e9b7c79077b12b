"""The common style of all plots, labels for any text, and the function that draws plots and writes them to files.

Colours are those of Okabe and Ito, which people with colour vision deficiencies can also distinguish. Text is drawn in
installed fonts that have its characters; of a character that no installed font has, the code point is drawn, such as
⟨5B57⟩, and a warning names it.
"""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqloom.checkpoint.files import output_file
from seqloom.errors import DataError, DependencyError, missing_package
from seqloom.plots.fonts import FONT, JOINERS, MissingGlyphWarning, fonts_for, is_drawn, missing_sentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from seqloom.plots.picture import Picture

BLUE, ORANGE, GREEN, PINK, SKY, VERMILION, YELLOW = (
    *("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"),
    "#f0e442",
)
CYCLE = (BLUE, VERMILION, GREEN, ORANGE, PINK, SKY)
INK, GREY, RULE = "#262626", "#6b6b6b", "#e3e3e3"
HEAT = ("#ffffff", "#d6e6f4", "#8fc1de", "#3787c0", "#0b559f", "#08306b")
SUFFIXES = (".png", ".svg", ".pdf")
CIRCLE = "\u25cc"
"""The dotted circle that carries a combining mark which stands alone."""
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


def render(
    path: Path | str | None, size: tuple[float, float], draw: Callable[[Figure], None], *, text: Iterable[str]
) -> Picture:
    """Draw a figure of the given size (inches), and write it as PNG, SVG or PDF where a path with such a suffix is
    given.

    `text` holds the strings that come from the user, for which fonts are searched. The global state of pyplot is not
    changed, and the same figure always gives the same bytes. Raises a `DataError` for other suffixes, and warns
    (`MissingGlyphWarning`) of characters that no installed font has.
    """
    path = None if path is None else Path(path)
    if path is not None and path.suffix.lower() not in SUFFIXES:
        raise DataError(f"the file name of a plot must end in {', '.join(SUFFIXES)}, not {path.name!r}")
    _check_matplotlib()
    from seqloom.plots.picture import Picture  # noqa: PLC0415 - it imports matplotlib

    families, missing = fonts_for("".join(text))
    weight = "bold" if families == [FONT] else "normal"  # other fonts rarely have a bold face
    settings = {**SETTINGS, "font.family": families, "axes.titleweight": weight, "figure.titleweight": weight}
    picture = Picture(size, settings, draw)
    if missing:
        warnings.warn(missing_sentence(missing), MissingGlyphWarning, stacklevel=3)
    if path is not None:
        undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower())
        with output_file(path) as stream:
            picture.savefig(stream, format=path.suffix.lower().removeprefix("."), metadata=undated)
    return picture


def _check_matplotlib() -> None:
    """Refuse a matplotlib that would draw letters unjoined and from the wrong side, without a word."""
    try:
        import matplotlib  # noqa: PLC0415
    except ImportError:
        raise missing_package("matplotlib", "plot", "drawing") from None
    if tuple(map(int, matplotlib.__version__.split(".")[:2])) < (3, 11):
        raise DependencyError(
            f"drawing needs matplotlib 3.11 or later, which shapes all scripts, not {matplotlib.__version__}",
            hint='pip install "matplotlib>=3.11"',
        )


def readable(tokens: Iterable[str], longest: int = 24) -> list[str]:
    """Turn tokens into labels: make white space visible, cut long tokens, write code points for characters without a
    glyph, and set a lone combining mark on a dotted circle."""
    tokens = list(tokens)
    _, missing = fonts_for("".join(tokens))
    return [_label(token, missing, longest) for token in tokens]


def width(text: str) -> float:
    """The approximate width of a label in units of the font size; wide East Asian characters count more, marks that
    stand on other characters nothing."""
    return sum(map(_advance, text))


def _advance(char: str) -> float:
    if char in JOINERS or unicodedata.category(char) == "Mn":
        return 0.0
    return 1.0 if unicodedata.east_asian_width(char) in "WF" else 0.62


def heading(axes: Axes, title: str) -> None:
    """Set a left-aligned title, unless it is empty."""
    if title:
        axes.set_title(readable([title], longest=120)[0], pad=10)


def _label(token: str, missing: frozenset[str], longest: int) -> str:
    token = SHOWN.get(token, token)
    if token and unicodedata.category(token[0]) in ("Mn", "Mc", "Me") and token[0] not in missing:
        token = CIRCLE + token
    pieces = [_piece(char, missing, alone=token == char) for char in token]
    if sum(map(len, pieces)) <= longest:
        return "".join(pieces)
    kept: list[str] = []
    for piece in pieces:
        if sum(map(len, kept)) + len(piece) >= longest:
            break
        kept.append(piece)
    while len(kept) > 1 and _belongs_together(kept[-1], pieces[len(kept)]):
        kept.pop()
    return "".join(kept) + "…"


def _piece(char: str, missing: frozenset[str], *, alone: bool) -> str:
    if (is_drawn(char) and char not in missing) or (char in JOINERS and not alone):
        return char
    return SHOWN.get(char, f"⟨{ord(char):04X}⟩")


def _belongs_together(before: str, after: str) -> bool:
    """Whether a cut between these two would tear a letter from its marks."""
    return before in JOINERS or after in JOINERS or unicodedata.category(after[0]) in ("Mn", "Mc", "Me")
