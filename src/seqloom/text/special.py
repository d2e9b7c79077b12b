"""The four ids that every vocabulary begins with."""

from __future__ import annotations

PAD, BOS, EOS, UNK = 0, 1, 2, 3
FIRST = EOS
"""The first id that is ever written: padding and begin marks never are."""
SPECIAL_TOKENS = ("<pad>", "<s>", "</s>", "<unk>")
