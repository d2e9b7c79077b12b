"""Shell completion: the script for each shell, what is completed, in a real bash too, and without PyTorch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seqloom.cli import completion
from seqloom.recipes import recipe_names

HIDDEN = "import sys\nfor name in ('torch', 'pyarrow'): sys.modules[name] = None\n"
PROGRAM = f"{HIDDEN}from seqloom.cli.main import main\nmain()\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The command `seqloom`, which cannot import PyTorch."""
    path = tmp_path / "bin" / "seqloom"
    path.parent.mkdir()
    path.write_text(f"#!{sys.executable}\n{PROGRAM}")
    path.chmod(0o755)
    return path


def environment(program: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", **more}


@pytest.mark.parametrize(
    ("shell", "mark"), [("bash", "complete -o"), ("zsh", "#compdef seqloom"), ("fish", "complete")]
)
def test_each_shell_has_a_script(shell: str, mark: str, program: Path) -> None:
    done = subprocess.run(
        [program],
        env=environment(program, _SEQLOOM_COMPLETE=f"source_{shell}"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert mark in done.stdout


def test_a_real_bash_completes(program: Path, tmp_path: Path) -> None:
    def completed(line: str) -> list[str]:
        words = line.split(" ")
        script = (
            'eval "$(_SEQLOOM_COMPLETE=source_bash seqloom)"\n'
            f"COMP_WORDS=({' '.join(repr(word) for word in words)}) COMP_CWORD={len(words) - 1}\n"
            '$(complete -p seqloom | sed "s/.*-F \\([^ ]*\\).*/\\1/") seqloom\n'
            'printf "%s\\n" "${COMPREPLY[@]}"\n'
        )
        command = ["bash", "--norc", "-c", script]
        done = subprocess.run(
            command, env=environment(program), cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout.split()

    (tmp_path / "small.tsv").touch()
    assert completed("seqloom expo") == ["export"]
    assert set(completed("seqloom train sma")) == {"small", "small.tsv"}
    assert completed("seqloom train --set model.hid") == ["model.hidden=256"]
    assert completed("seqloom recipe run multi30k-en-d") == ["multi30k-en-de"]


def test_settings_are_completed_to_their_values() -> None:
    assert "model.encoder.layers=" in list(completion.setting("model.enc"))
    assert set(completion.setting("model.cell=")) >= {"model.cell=lstm", "model.cell=gru"}
    assert list(completion.setting("plan.effort=q")) == ["plan.effort=quick"]
    assert list(completion.setting("no.such")) == []


def test_names_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "pairs.tsv").touch()
    (tmp_path / ".hidden").touch()
    assert list(completion.metrics("cer,per")) == ["cer,per"]
    assert list(completion.example("d")) == ["dates"]
    assert list(completion.recipe_or_file("")) == [*recipe_names(), "data/"]
    assert list(completion.preset_or_file("data/")) == ["data/pairs.tsv"]
    assert "small" in list(completion.preset_or_file(""))
    assert list(completion.preset_or_file("nowhere/x")) == []
