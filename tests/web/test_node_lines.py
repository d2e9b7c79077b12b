"""The example in Node.js cuts standard input into the lines that `seqloom predict` reads."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from seqloom.data import DataConfig, read_sources

SCRIPT = Path(__file__).with_name("lines.mjs")
INPUTS = {
    "separators": "ab\u2028cd\nef\u2029gh\nij\x85kl\x0bmn\n",
    "carriage returns": "ab\rcd\nef\r\n\r\ngh\r\r\n",
    "marks": "\ufeffab\n\ufeffcd\ne\ufefff\n",
    "no end": "ab\n\ncd",
    "long": "€" * 100_000 + "\n" + "ab\n" * 50_000,
    "nothing": "",
}


@pytest.mark.parametrize("name", INPUTS)
def test_lines_are_cut_alike(name: str, node: str, tmp_path: Path) -> None:
    content = INPUTS[name].encode()
    (tmp_path / "in.txt").write_bytes(content)
    done = subprocess.run([node, SCRIPT], input=content, capture_output=True, check=True)
    assert json.loads(done.stdout) == [source.text for source in read_sources(str(tmp_path / "in.txt"), DataConfig())]
