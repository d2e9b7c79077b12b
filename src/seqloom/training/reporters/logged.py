"""Notices and warnings of a run for programs: records of Python's logging, where no stream shows the run."""

from __future__ import annotations

import logging

from seqloom.errors import in_python
from seqloom.training.reports import NoticeReport, Report

LOGGER = logging.getLogger("seqloom")
"""Warnings have the level WARNING, which Python prints on standard error unless logging is set up otherwise; what was
chosen has the level INFO."""


def log_notices(report: Report) -> None:
    """Log a notice or a warning; of other reports a program has `callbacks`, of details the model's metrics."""
    if isinstance(report, NoticeReport) and not report.detail:
        LOGGER.log(logging.WARNING if report.warning else logging.INFO, "%s", in_python(report.text))
