"""What `seqloom predict` says of its columns and of a wider search, and where `seqloom export` may write."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from seqloom.cli.main import app

WIDER = "the first of several may differ from its only answer"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--n-best", "6"], True),
        (["--n-best", "6", "--json"], True),
        (["--n-best", "3"], False),
        (["--n-best", "6", "--beam", "6"], False),
    ],
)
def test_a_list_that_needs_a_wider_beam_than_the_model_has_says_so(
    given: list[str], said: bool, toy_folder: Path
) -> None:
    found = CliRunner().invoke(app, ["predict", str(toy_folder), *given], input="abc\nd\n")
    assert found.exit_code == 0, found.output
    assert found.stderr.count("columns: number of the input, score, answer") == ("--json" not in given)
    assert (WIDER in found.stderr) == said


def test_an_export_into_a_file_is_refused_before_anything_is_done(toy_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    found = CliRunner().invoke(app, ["export", str(toy_folder), "--output", str(tmp_path / "file")])
    assert (found.exit_code, "tracing" in found.stderr) == (2, False)
    assert "the output must be a folder, not a file" in found.stderr
    assert (tmp_path / "file").read_text(encoding="utf-8") == "kept"
