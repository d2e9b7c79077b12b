"""A real process, killed with SIGKILL again and again and resumed each time, ends as if nothing had happened."""

from __future__ import annotations

from pathlib import Path

import pytest
from recovery import AVERAGED, MOVING, SETTINGS, command, follow, killed_run, pairs_file, same_model, trained


def check(folder: Path, extra: tuple[str, ...], kills: int, updates: int, seed: int) -> None:
    train = pairs_file(folder / "pairs.tsv", 300)
    settings = (*SETTINGS, *extra, f"training.max_steps={updates}", "training.epochs=0")
    follow(command(train, folder / "whole", settings))
    found = killed_run(train, folder / "killed", settings, kills, seed)
    assert len(found) == kills, "the run was over before its last kill: more updates are needed"
    assert any(kill.recovery is not None and kill.resumed for kill in found)
    assert same_model(folder / "whole", folder / "killed")
    assert trained(folder / "whole") == trained(folder / "killed")
    assert sorted(path.name for path in (folder / "killed").iterdir()) == sorted(
        path.name for path in (folder / "whole").iterdir()
    )


@pytest.mark.timeout(3600)
def test_three_kills_change_nothing(tmp_path: Path) -> None:
    check(tmp_path, AVERAGED, kills=3, updates=40, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("extra", [AVERAGED, MOVING], ids=["averaged, plateau", "moving average"])
def test_twenty_kills_change_nothing(extra: tuple[str, ...], tmp_path: Path) -> None:
    check(tmp_path, extra, kills=20, updates=400, seed=7)
