"""Which part of a target each symbol of its source stands for, where sequences are written symbol by symbol."""

from __future__ import annotations

from seqloom.transduction.alignment import Aligner

__all__ = ["Aligner"]
