"""An output of a notebook that is written anew while a cell runs."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any


def in_notebook() -> bool:
    """Whether this runs in the kernel of a notebook, which shows HTML; a terminal does not, not even with IPython."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    return shell is not None and hasattr(shell, "kernel")


class Display:
    """One output of the running cell: `show` makes it, and then replaces what it shows."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, html: str, plain: str) -> None:
        """Show HTML, or plain text where the notebook is read as text."""
        bundle = {"text/html": html, "text/plain": plain}
        if self._handle is None:
            display = import_module("IPython.display").display
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)
