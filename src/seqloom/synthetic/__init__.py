"""Pairs that a model makes: for more training data (`augment`), and for a student that learns from it (`distill`)."""

from __future__ import annotations
