"""The four special ids with which every vocabulary begins: padding, begin mark, end mark, unknown token."""

from __future__ import annotations

PAD, BOS, EOS, UNK = 0, 1, 2, 3
FIRST = EOS
"""The first id that a model can write; padding and begin marks are never written."""
SPECIAL_TOKENS = ("<pad>", "<s>", "</s>", "<unk>")
