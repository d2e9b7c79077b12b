"""Whatever lies in a file, a command ends with a result or with a message that names the file; never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from seqloom.cli.main import app
from toy import SETTINGS

FILES = {
    "binary.tsv": bytes(range(256)) * 20,
    "nul.tsv": b"a\0b\tab\nab\tab\n",
    "crlf.tsv": b"ab\tab\r\ncd\tcd\r\n",
    "bom.tsv": b"\xef\xbb\xbfab\tab\ncd\tcd\n",
    "long.tsv": b"ab" * 500_000 + b"\tab\n",
    "empty.tsv": b"",
    "blank.tsv": b"\n\n\n",
    "separators.tsv": "a\u2028b\tab\na\x85b\tab\n".encode(),
    "surrogate.jsonl": b'{"source": "\\ud800", "target": "ab"}\n{"source": "ab", "target": "ab"}\n',
    "list.jsonl": b"[1, 2]\n",
    "cut.tsv.gz": b"\x1f\x8b\x08\x00cut short",
    "torn.parquet": b"PAR1 torn",
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("command", ["train", "evaluate", "score", "predict"])
def test_a_strange_file_is_read_or_refused(command: str, name: str, toy_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    settings = [f"--set={key}={str(value).lower()}" for key, value in SETTINGS.items() if key != "training.epochs"]
    arguments = {
        "train": ["train", "--train", str(path), "--output", str(tmp_path / "m"), "--set=training.epochs=1", *settings],
    }.get(command, [command, str(toy_folder), str(path)])
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code in (0, 2), result.output
    if result.exit_code == 2:
        assert result.stderr.splitlines()[-1].startswith(("error: ", "hint: "))
        assert "Traceback" not in result.output
    if command == "predict" and result.exit_code == 0 and path.suffix == ".tsv":
        assert result.stdout.count("\n") == FILES[name].count(b"\n")
