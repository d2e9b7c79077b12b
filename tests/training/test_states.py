"""Whatever happens to one file of a run, it is named, and the run goes on from what is good."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from reversal import begin_run, cut, same_weights

from seqloom.checkpoint.format import FileRecord
from seqloom.checkpoint.seal import SEAL
from seqloom.errors import ModelFolderError
from seqloom.training.reports import FinishReport, NoticeReport, Report, ResumeReport, StepReport
from seqloom.training.states.folder import CODECS, RunFolder
from seqloom.training.states.state import STATE, STATE_FORMAT

SETTINGS: dict[str, Any] = {
    "log_every": 1,
    "evaluate_every": 3,
    "checkpoint_every": 2,
    "epochs": 5,
    "selection": {"average_best": 2, "limit": 4},
}
NEWEST, BEFORE, OLDEST = "00000009-00000009", "00000008-00000006", "00000006-00000006"

pytestmark = pytest.mark.usefixtures("unchecked_shapes")


@pytest.fixture(scope="module", autouse=True)
def no_waiting_for_the_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="module", params=[{}, {"ema": 0.9, "selection": {"average_best": 0}}], ids=["averaged", "ema"])
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A whole run, one cut short after update 9, another one's states; and their settings."""
    folder, settings = tmp_path_factory.mktemp("runs"), {**SETTINGS, "keep_states": 4, **request.param}
    list(begin_run(folder / "whole", **settings))
    for name, seed in (("cut", 1), ("other", 2)):
        stream = begin_run(folder / name, **settings, seed=seed)
        for report in stream:
            if isinstance(report, StepReport) and report.step == 10:
                stream.close()
    for name in ("cut", "other"):  # as if it had been killed and not closed
        shutil.rmtree(folder / name / "resume" / "states" / "00000010-00000009")
    return folder, settings


def truncated(path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flipped(path: Path, other: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def emptied(path: Path, other: Path) -> None:
    path.write_bytes(b"")


def missing(path: Path, other: Path) -> None:
    path.unlink()


def foreign(path: Path, other: Path) -> None:
    shutil.copyfile(other, path)


DAMAGES: dict[str, Callable[[Path, Path], None]] = {
    each.__name__: each for each in (truncated, flipped, emptied, missing, foreign)
}


def resumed(output: Path, settings: dict[str, Any], *, to_the_end: bool = False) -> list[Report]:
    """What a resumed run says, up to the state it goes on from or up to its end."""
    said = []
    stream = begin_run(output, resume=True, **settings)
    for report in stream:
        said.append(report)
        if isinstance(report, ResumeReport) and not to_the_end:
            stream.close()
    return said


def notices(reports: list[Report]) -> str:
    return "\n".join(report.text for report in reports if isinstance(report, NoticeReport))


def state_of(reports: list[Report]) -> str:
    return next(report.state for report in reports if isinstance(report, ResumeReport))


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_every_file_of_a_state(runs: tuple[Path, dict[str, Any]], damage: Any, tmp_path: Path) -> None:
    folder, settings = runs
    names = sorted(path.name for path in (folder / "cut" / "resume" / "states" / NEWEST).iterdir())
    assert SEAL in names
    assert len(names) == (6 if settings.get("ema") else 5)
    for name in names:
        output = tmp_path / name
        shutil.copytree(folder / "cut", output)
        states = output / "resume" / "states"
        damage(states / NEWEST / name, folder / "cut" / "resume" / "states" / OLDEST / name)
        same = (states / NEWEST / name).exists() and _same(states / NEWEST / name, folder / "cut", name)
        said = resumed(output, settings)
        if same:  # the file was the same in both: no damage
            assert state_of(said) == NEWEST
            continue
        assert state_of(said) == BEFORE
        assert NEWEST in notices(said)
        # a foreign list of hashes accuses the files
        assert name in notices(said) or (damage is foreign and name == SEAL)
        assert not (states / NEWEST).exists()


def _same(path: Path, cut: Path, name: str) -> bool:
    return path.read_bytes() == (cut / "resume" / "states" / NEWEST / name).read_bytes()


def test_a_run_that_an_earlier_version_began_goes_on(
    runs: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its settings do not say which codecs it has: both sides are text."""
    folder, settings = runs
    write = RunFolder._write_settings
    with monkeypatch.context() as earlier:
        earlier.setattr(
            RunFolder,
            "_write_settings",
            lambda self, files: write(self, {name: files[name] for name in files if name != CODECS}),
        )
        cut(begin_run(tmp_path / "run", **settings), 10)
    assert not (tmp_path / "run" / "resume" / "settings" / CODECS).exists()
    list(begin_run(tmp_path / "run", resume=True, **settings))
    assert same_weights(tmp_path / "run", folder / "whole")


def test_whole_states_from_elsewhere_are_recognised(runs: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder, settings = runs
    for name, source in (("another run", folder / "other"), ("another moment", folder / "cut")):
        output = tmp_path / name
        shutil.copytree(folder / "cut", output)
        shutil.rmtree(output / "resume" / "states" / NEWEST)
        of = NEWEST if source.name == "other" else OLDEST
        shutil.copytree(source / "resume" / "states" / of, output / "resume" / "states" / NEWEST)
        said = resumed(output, settings)
        assert state_of(said) == BEFORE
        assert "belongs to another run" in notices(said) or "the one after update 6" in notices(said)


def test_states_of_another_version_are_refused(runs: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder, settings = runs
    output = tmp_path / "run"
    shutil.copytree(folder / "cut", output)
    for state in (output / "resume" / "states").iterdir():
        path = state / STATE
        values = {**json.loads(path.read_text(encoding="utf-8")), "state_format": STATE_FORMAT - 1}
        path.write_text(json.dumps(values), encoding="utf-8")
        seal = json.loads((state / SEAL).read_text(encoding="utf-8"))
        (state / SEAL).write_text(json.dumps({**seal, STATE: asdict(FileRecord.of(path))}), encoding="utf-8")
    with pytest.raises(ModelFolderError) as caught:
        resumed(output, settings)
    assert f"must have state format {STATE_FORMAT}, not {STATE_FORMAT - 1}: another version" in caught.value.message
    assert "--overwrite" in str(caught.value.hint)


def test_after_a_damaged_state_the_run_ends_as_the_unbroken_one(
    runs: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, settings = runs
    output = tmp_path / "run"
    shutil.copytree(folder / "cut", output)
    flipped(output / "resume" / "states" / NEWEST / "optimiser.safetensors", output)
    said = resumed(output, settings, to_the_end=True)
    assert isinstance(said[-1], FinishReport)
    assert same_weights(folder / "whole", output)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_every_file_of_the_settings(runs: tuple[Path, dict[str, Any]], damage: Any, tmp_path: Path) -> None:
    folder, settings = runs
    if settings.get("ema"):
        return
    names = sorted(path.name for path in (folder / "cut" / "resume" / "settings").iterdir())
    for name in names:
        output = tmp_path / name
        shutil.copytree(folder / "cut", output)
        place, twin = (output / "resume" / each / name for each in ("settings", "settings.copy"))
        damage(place, folder / "other" / "resume" / "settings" / name)
        if place.exists() and place.read_bytes() == twin.read_bytes():
            continue
        said = resumed(output, settings)
        assert state_of(said) == NEWEST
        assert str(place.parent) in notices(said)
        assert place.read_bytes() == twin.read_bytes()
        flipped(place, place)
        flipped(twin, twin)
        with pytest.raises(ModelFolderError, match="settings are damaged"):
            resumed(output, settings)


def test_kept_weights(runs: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """The best are taken from the model; others are left out where no state does without them."""
    folder, settings = runs
    state = folder / "cut" / "resume" / "states" / NEWEST / "state.json"
    best, *others = json.loads(state.read_bytes())["progress"]["selection"]["kept"]
    for (step, *_), text in ((best, "; taken from "), *((other, "goes on without") for other in others)):
        output = tmp_path / str(step)
        shutil.copytree(folder / "cut", output)
        damaged = output / "resume" / "kept" / f"{step:08d}.safetensors"
        before = damaged.read_bytes()
        flipped(damaged, damaged)
        said = resumed(output, settings)
        assert state_of(said) == NEWEST
        assert str(damaged) in notices(said)
        assert text in notices(said)
        assert (damaged.read_bytes() == before) == (step == best[0])
        assert isinstance(resumed(output, settings, to_the_end=True)[-1], FinishReport)
        assert same_weights(folder / "whole", output) or step != best[0]


@pytest.mark.parametrize(
    ("keep", "wanted"),
    [
        (1, {1: [0], 2: [0, 1], 3: [2], 4: [3], 5: [4], 6: [4, 5], 7: [6]}),
        (2, {1: [0], 2: [0, 1], 3: [0, 2], 4: [2, 3], 5: [3, 4], 6: [3, 4, 5], 7: [4, 6]}),
    ],
)
def test_of_states_that_are_not_due_the_newest_stays_beside_the_others(
    keep: int, wanted: dict[int, list[int]], tmp_path: Path
) -> None:
    """What is there while an update is made: 2, 3, 4 and 6 are due, 1 and 5 are the clock's."""
    seen = {}
    settings = {**SETTINGS, "keep_states": keep, "epochs": 0, "max_steps": 7, "checkpoint_minutes": 1e-9}
    for report in begin_run(tmp_path / "run", **settings):
        if isinstance(report, StepReport):
            states = sorted((tmp_path / "run" / "resume" / "states").glob("[0-9]*"))
            seen[report.step] = [int(path.name.partition("-")[0]) for path in states]
    assert seen == wanted


def test_where_nothing_is_good_nothing_is_removed(runs: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder, settings = runs
    output = tmp_path / "run"
    shutil.copytree(folder / "cut", output)
    for path in (output / "resume" / "states").glob("*/weights.safetensors"):
        flipped(path, path)
    for _ in range(2):
        with pytest.raises(ModelFolderError, match="no saved state is good"):
            resumed(output, settings)
    assert len(list((output / "resume" / "states").iterdir())) == 3
    for path in (output / "resume" / "states").glob("*/weights.safetensors"):
        flipped(path, path)
    assert state_of(resumed(output, settings)) == NEWEST
