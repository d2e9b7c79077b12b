"""Sentencepiece pieces, in which the peers and Seqloom are compared."""

from __future__ import annotations


def joined(pieces: str) -> str:
    """Space-separated pieces as text."""
    return pieces.replace(" ", "").replace("\u2581", " ").strip()
