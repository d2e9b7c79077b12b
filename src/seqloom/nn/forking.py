"""What computes after a process was forked.

A child has none of its parent's threads, yet the library that shares work among them still counts on them: the first
computation on several threads waits for ever. One thread computes what several would, and needs none of them.
"""

from __future__ import annotations

import os

import torch


def compute_after_forks() -> None:
    """Let every process that is forked from this one, by a server or a pool, compute on one thread."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_one_thread)


def _one_thread() -> None:
    torch.set_num_threads(1)
