"""The record of a run: its seeds, data files with their hashes, settings, and the machine and versions it was trained
on.

Data files are hashed before they are read, and again afterwards. The record is written before the first update, beside
the saved states, and becomes `record` in metrics.json.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import torch

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.making import flattened
from seqloom.checkpoint.reading import verify
from seqloom.data import Example
from seqloom.data.cache import cache_folder, uses_cache
from seqloom.data.digests import content_digests
from seqloom.data.readers import files_of
from seqloom.data.readers.lines import readable_once
from seqloom.data.whole_files import Say, unsaid
from seqloom.errors import DataError
from seqloom.training.config import RunConfig
from seqloom.training.pairs import Pair
from seqloom.training.provenance.surroundings import surroundings
from seqloom.training.resume_settings import chosen_for
from seqloom.training.setup import Inputs, Prepared

RECORD = "record.json"
PARTS = ("train", "dev")
Record = dict[str, Any]


@dataclass(frozen=True)
class DataFile:
    """A file of pairs that a run reads; `part` is train or dev."""

    part: str
    file: str


def data_files(config: RunConfig) -> Iterator[DataFile]:
    """Yield the files of pairs in the order of the settings; a pattern yields the files that match it now."""
    for part in PARTS:
        for entry in getattr(config.data, part):
            for file in files_of(entry, config.data):
                yield DataFile(part, file)


def ingredients(config: RunConfig, inputs: Inputs, say: Say = unsaid) -> list[Record]:
    """Return the files that a run reads, with their hashes: those of pairs, and those of the model to start from.

    `say` is called with a sentence for each damaged cache file that was found.
    """
    parts = [part for part in PARTS if getattr(inputs, part) is None]
    data = [each for part in parts for each in _file_entries(part, config, say)]
    return [*data, *_start_entries(config.training.start_from)]


def record_of(begun: RunConfig, prepared: Prepared, inputs: Inputs, before: Sequence[Record]) -> Record:
    """Return the record of a run that starts now with the settings `begun`, as they were given.

    `stated` are the settings that were given, `given` the earlier values of those for which others were chosen, `plan`
    what was planned, and `notices` and `warnings` what was said.

    Raises DataError where a file has changed since `before`, what `ingredients` returned before the files were read.
    """
    config = prepared.config
    files = ingredients(config, inputs)
    for one, other in zip_longest(before, files):
        if one != other:
            hint = "start again when nothing writes to it any more"
            raise DataError("changed while it was read", where=(other or one)["file"], hint=hint)
    in_python = [part for part in PARTS if getattr(inputs, part) is not None]
    data = [*(pairs_entry(part, getattr(inputs, part)) for part in in_python), *files]
    seeds = {"training": config.training.seed, "data": config.data.seed}
    made = {"made": dict(inputs.made)} if inputs.made else {}
    planned = prepared.plan.choices or prepared.plan.notes
    plan = {"plan": prepared.plan.to_json()} if planned else {}
    chosen = {"stated": _stated(begun), "given": chosen_for(begun, config), **plan}
    said = {"notices": [*prepared.notices, *prepared.details], "warnings": list(prepared.warnings)}
    return {"seeds": seeds, "data": data, **made, **chosen, **said, **session(prepared)}


def _stated(config: RunConfig) -> Record:
    """The settings that were given, by dotted name, but for the files of pairs, which have entries of their own."""
    values = flattened(config.given_values, lists=True)
    return {name: value for name, value in values.items() if name not in ("data.train", "data.dev") and value != []}


def session(prepared: Prepared) -> Record:
    """Return when and where this process trains: time, versions, machine, device, precision, threads, processes."""
    return {
        **surroundings(),
        "device": prepared.device.type,
        "precision": prepared.precision.setting,
        "threads": torch.get_num_threads(),
        "processes": prepared.group.size,
    }


def went_on(record: Record, prepared: Prepared, changes: Record) -> Record:
    """Return the record of a run that is resumed now, with a note of what has changed in surroundings and settings."""
    now = session(prepared)
    different = {name: value for name, value in now.items() if name == "started" or record.get(name) != value}
    note = {**different, **({"settings": changes} if changes else {})}
    return {**record, "resumed": [*record.get("resumed", []), note]}


def _file_entries(part: str, config: RunConfig, say: Say) -> Iterator[Record]:
    """Yield the files of a part with their hashes; those that were computed for the cache are used again."""
    files = [each.file for each in data_files(config) if each.part == part]
    known = cache_folder(config.data) if uses_cache(getattr(config.data, part), config.data) else None
    digests = iter(content_digests([file for file in files if not readable_once(file)], known, say))
    for file in files:
        hashed = {} if readable_once(file) else {"sha256": next(digests)}
        yield {"part": part, "file": file, **hashed}


def _start_entries(folder: str) -> Iterator[Record]:
    """Yield the files of the model that training starts from, with the hashes in its manifest."""
    if not folder:
        return
    for name, known in sorted(verify(folder).files.items()):
        if name not in (layout.CARD, layout.METRICS):
            yield {"part": "start", "file": str(Path(folder) / name), "sha256": known.sha256}


def pairs_entry(part: str, pairs: Sequence[Pair]) -> Record:
    """Return the number of pairs that were given in Python, and the hash of their JSON form, one pair per line."""
    digest = hashlib.sha256()
    for pair in pairs:
        values = (pair.source, *pair.targets, *pair.tags) if isinstance(pair, Example) else (pair[0], pair[1])
        digest.update(json.dumps(values).encode() + b"\n")
    return {"part": part, "pairs": len(pairs), "sha256": digest.hexdigest()}
