"""What the processor at hand can do; tests of what it cannot do say so."""

from __future__ import annotations

from pathlib import Path

import pytest

_INFO = Path("/proc/cpuinfo")
_LINES = _INFO.read_text(encoding="utf-8").splitlines() if _INFO.is_file() else []
FLAGS = {flag for line in _LINES if line.startswith("flags") for flag in line.split(":")[1].split()}
"""The names of its instruction sets, as Linux gives them; empty on other systems."""

needs_bfloat16_layers = pytest.mark.skipif(
    bool(FLAGS) and "avx512bw" not in FLAGS, reason="oneDNN has no recurrent layers in bfloat16 without AVX-512"
)
