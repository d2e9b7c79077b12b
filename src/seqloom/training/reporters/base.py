"""What a reporter is."""

from __future__ import annotations

from typing import Protocol

from seqloom.training.reports import Report


class Reporter(Protocol):
    """Shows the reports of a run somewhere."""

    def show(self, report: Report) -> None:
        """Take one report, in the order in which the loop gave it."""

    def close(self) -> None:
        """Nothing more will come."""
