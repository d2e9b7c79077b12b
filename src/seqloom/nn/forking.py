"""Makes computation safe in forked processes.

A forked process has none of its parent's threads, but the thread pool of torch still expects them, so that the first
computation on several threads hangs forever. Forked processes therefore compute on a single thread.
"""

from __future__ import annotations

import os

import torch


def compute_after_forks() -> None:
    """Make every process that is forked from this one, such as a server's worker, compute on one thread."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_one_thread)


def _one_thread() -> None:
    torch.set_num_threads(1)
