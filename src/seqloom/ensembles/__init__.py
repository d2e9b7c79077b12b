"""Ensembles: several trained models as one, with weights tuned on dev data or members selected there."""

from __future__ import annotations

from seqloom.ensembles.ensemble import ensemble, select_members
from seqloom.ensembles.tuning import Choice

__all__ = ["Choice", "ensemble", "select_members"]
