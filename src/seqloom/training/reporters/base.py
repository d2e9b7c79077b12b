"""The interface of a reporter, which shows or stores the reports of a run."""

from __future__ import annotations

from typing import Protocol

from seqloom.training.reports import Report


class Reporter(Protocol):
    """Shows or stores the reports of a run."""

    def show(self, report: Report) -> None:
        """Handle one report; the reports come in the order in which the loop yields them."""

    def close(self) -> None:
        """Release what the reporter holds; no more reports follow."""
