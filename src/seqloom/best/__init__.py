"""The effort `best`: plans are tried, several models combined, and one model is distilled from them."""

from __future__ import annotations

from seqloom.best.pipeline import forecast_best, parts_of, train_best
from seqloom.best.working_files import given_before

__all__ = ["forecast_best", "given_before", "parts_of", "train_best"]
