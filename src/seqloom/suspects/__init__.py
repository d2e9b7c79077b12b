"""Find pairs that the rest of the data contradicts: wrong targets, swapped columns, another convention."""

from __future__ import annotations

from seqloom.suspects.checks import Finding, findings
from seqloom.suspects.finding import Suspects, find_suspects
from seqloom.suspects.ranking import Suspect

__all__ = ["Finding", "Suspect", "Suspects", "find_suspects", "findings"]
