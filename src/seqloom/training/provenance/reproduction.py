"""How to train the model in a folder again: the commands, and whether the data that they need are unchanged."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.files import place_of
from seqloom.checkpoint.format import read_json_object
from seqloom.checkpoint.reading import check_plugins, read_manifest, read_plugins, verify
from seqloom.config import build, read_toml
from seqloom.data import DataConfig
from seqloom.data.digests import content_digests
from seqloom.data.readers import matched
from seqloom.data.readers.lines import STDIN
from seqloom.errors import DataError, ModelFolderError
from seqloom.plugins import Need
from seqloom.training.group import Place
from seqloom.training.provenance.record import PARTS
from seqloom.training.provenance.surroundings import git_state, machine, versions

State = Literal["ok", "changed", "missing", "added", "unchecked"]


@dataclass(frozen=True)
class FileState:
    """A file that a model was made from, and whether it is still the same.

    `added` is a file that matches a pattern of the data settings now and did not then; `unchecked` is data that was
    never a file.
    """

    part: str
    file: str
    state: State


@dataclass(frozen=True)
class Reproduction:
    """The shell commands that make a model again, the state of every input, and notes on other differences."""

    commands: tuple[str, ...]
    files: tuple[FileState, ...]
    notes: tuple[str, ...]

    @property
    def unchanged(self) -> bool:
        """Whether no input has been changed, removed or added."""
        return all(each.state in ("ok", "unchecked") for each in self.files)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "unchanged": self.unchanged}


def reproduction(folder: Path | str) -> Reproduction:
    """Return how to make the model in a folder again; relative paths in its record count from the current working
    folder.

    Raises ModelFolderError where the model has no record.
    """
    folder = Path(folder)
    verify(folder)
    place = place_of(folder, layout.METRICS)
    metrics = read_json_object(place.read_text(encoding="utf-8"), str(folder / layout.METRICS))
    if metrics.get("mean_of"):
        return _mean(folder, metrics)
    if metrics.get("ensemble"):
        return _ensemble(folder, metrics)
    record = metrics.get("record")
    if not record:
        raise ModelFolderError(
            "the model has no record of how it was made",
            where=str(folder),
            hint="seqloom train, average and ensemble write one",
        )
    files = (*_states(record["data"], _named_now(folder)), *_plugin_states(folder))
    notes = (*_notes(record), *_unrepeatable(record))
    if any("pairs" in each for each in record["data"]):
        return Reproduction((), files, ("the pairs were given in Python: only that program trains it again", *notes))
    return Reproduction((_training(folder, record),), files, notes)


def _training(folder: Path, record: Mapping[str, Any]) -> str:
    """Return the `seqloom train` command with the resolved settings, and the device, precision and threads of the first
    run."""
    pinned = {"training.precision": record["precision"], "training.device": record["device"]}
    words = ["train", str(folder / layout.CONFIG), "--output", _again(folder)]
    words += [f"--plugin={need.file}" for need in _plugins(folder) if need.file]
    words += [f"--set={name}={value}" for name, value in pinned.items()]
    processes = record["processes"]
    command = Place(size=processes, local_size=processes).command(shlex.join(words))
    return f"OMP_NUM_THREADS={record['threads']} {command}"


def _mean(folder: Path, metrics: Mapping[str, Any]) -> Reproduction:
    """Return the `seqloom average` command and the state of the member models."""
    return _of_members(folder, metrics, metrics["mean_of"], ["average"])


def _ensemble(folder: Path, metrics: Mapping[str, Any]) -> Reproduction:
    """Return the `seqloom ensemble` command with the shares as they are, and the state of the member models."""
    members = metrics["ensemble"]["members"]
    shares = ",".join(repr(each["share"]) for each in members)
    if any("sha256" not in each for each in members):
        return Reproduction((), (), ("models were given in Python: only that program puts them together again",))
    return _of_members(folder, metrics, members, ["ensemble", f"--weights={shares}"])


def _of_members(
    folder: Path, metrics: Mapping[str, Any], members: Sequence[Mapping[str, Any]], words: Sequence[str]
) -> Reproduction:
    """Return the command that begins with some `words` and names member models, and the state of these."""
    record = metrics.get("record", {})
    plugins = [f"--plugin={need.file}" for need in _plugins(folder) if need.file]
    command = ["seqloom", *words, *plugins, *(each["folder"] for each in members), "--output", _again(folder)]
    weights = [{"part": "member", "file": f"{each['folder']}/{layout.WEIGHTS}", **each} for each in members]
    files = (*(_state(each) for each in (*weights, *record.get("data", ()))), *_plugin_states(folder))
    return Reproduction((shlex.join(command),), files, tuple(_notes(record)))


def _plugins(folder: Path) -> list[Need]:
    """The plugins that the model needs, as its folder says."""
    return read_plugins(folder, read_manifest(folder).files)


def _plugin_states(folder: Path) -> Iterator[FileState]:
    """The files of plugins, compared with what was run when the model was trained."""
    for need in _plugins(folder):
        if need.file:
            yield _state({"part": "plugin", "file": need.file, "sha256": need.sha256})


def _again(folder: Path) -> str:
    """Return a folder for the second model, beside the first."""
    return str(folder.parent / f"{folder.resolve().name}-again")


def _named_now(folder: Path) -> dict[str, list[str]]:
    """Return the files of pairs that the settings in a model folder name now, by part (train or dev)."""
    values = read_toml(place_of(folder, layout.CONFIG)).get("data", {})
    if any(need.has("reader") for need in _plugins(folder)):
        check_plugins(folder, read_manifest(folder).files)
    config = build(DataConfig, values, where=str(folder / layout.CONFIG))
    return {part: [file for entry in getattr(config, part) for file in matched(entry, config)] for part in PARTS}


def _states(recorded: Sequence[Mapping[str, Any]], named: Mapping[str, Sequence[str]]) -> Iterator[FileState]:
    """Yield the state of every input; only the set of files is compared, because their order follows from their
    names."""
    for each in recorded:
        part, file = each["part"], each.get("file")
        gone = part in named and file is not None and file not in named[part]
        yield FileState(part, str(file), "missing") if gone else _state(each)
    for part, files in named.items():
        then = [each for each in recorded if each["part"] == part]
        if all("file" in each for each in then):  # otherwise its pairs were given in Python
            added = Counter(files) - Counter(str(each["file"]) for each in then)
            yield from (FileState(part, file, "added") for file in added.elements())


def _state(each: Mapping[str, Any]) -> FileState:
    if "file" not in each:
        return FileState(each["part"], f"{each['pairs']:,} pairs", "unchecked")
    part, file = each["part"], each["file"]
    if "sha256" not in each:  # it could be read only once
        return FileState(part, "standard input" if file == STDIN else file, "unchecked")
    if not Path(file).exists():
        return FileState(part, file, "missing")
    try:
        return FileState(part, file, "ok" if content_digests([file], None)[0] == each["sha256"] else "changed")
    except DataError:
        return FileState(part, file, "missing")


def _notes(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield the differences in versions, machine and repository between the record and now."""
    now = {"versions": versions(), "machine": machine(), "git": git_state()}
    for section in ("versions", "machine", "git"):
        then, here = record.get(section) or {}, now[section] or {}
        for name in then:
            if section == "git" and name == "dirty":
                continue
            if name in here and then[name] != here[name]:
                yield f"{name} was {_said(then[name])}, here it is {_said(here[name])}"
    if (record.get("git") or {}).get("dirty"):
        yield "files of the working folder had changes that were not committed"


def _unrepeatable(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield notes on what a single command cannot repeat: pairs that a teacher made, and changes when a run was
    resumed."""
    if teacher := record.get("made", {}).get("teacher"):
        yield f"the training pairs hold the answers of {teacher['folder']}, which seqloom distill made"
    for each in record.get("resumed", ()):
        for name, (old, new) in each.get("settings", {}).items():
            yield f"{name} went from {old} to {new} when training was resumed: a single command does not repeat that"
        moved = [
            name for name in ("versions", "machine", "device", "precision", "threads", "processes") if name in each
        ]
        if moved:
            yield f"training was resumed at {each['started']} with a change of {', '.join(moved)}"


def _said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
