"""The figure that every plot returns; importing this module imports matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure


class Picture(Figure):
    """A matplotlib figure that pyplot does not know of, and that keeps the style and the fonts that it was drawn with.

    A notebook shows it; `savefig` writes it. Like every `Figure`, it can be changed before that: `picture.axes`.
    """

    def __init__(self, size: tuple[float, float], settings: Mapping[str, Any], draw: Callable[[Figure], None]) -> None:
        self.settings: Any = dict(settings)
        with rc_context(self.settings):
            super().__init__(figsize=size)
            draw(self)

    def savefig(self, fname: Any, **options: Any) -> None:
        """Write the picture to a path or a stream; the options are those of `Figure.savefig`, by default the whole
        picture at 160 dots per inch."""
        with rc_context(self.settings):
            super().savefig(fname, **{"bbox_inches": "tight", "pad_inches": 0.15, "dpi": 160, **options})

    def _repr_png_(self) -> bytes:
        """The picture as a notebook shows it."""
        stream = BytesIO()
        self.savefig(stream, format="png", dpi=100)
        return stream.getvalue()
