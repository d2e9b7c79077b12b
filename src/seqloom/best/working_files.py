"""The files that all parts of a best model are made from, and the settings that were given for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from seqloom.checkpoint.files import output_file
from seqloom.config import build, differences
from seqloom.data import Example, ReadReport, pairs_as_examples, read_examples
from seqloom.data.readers.lines import readable_once
from seqloom.errors import ConfigError
from seqloom.synthetic.lessons import held_out
from seqloom.training import Inputs, RunConfig
from seqloom.training.states.lock import LOCKS

GIVEN, TRAIN, DEV, LENGTH = "given.json", "train.jsonl", "dev.jsonl", "length.json"


def given_before(folder: Path) -> RunConfig | None:
    """The settings that the parts in a folder were begun with; None where there are none."""
    path = folder / GIVEN
    return build(RunConfig, json.loads(path.read_text("utf-8")), where=str(path)) if path.is_file() else None


def remove_parts(folder: Path) -> None:
    """Remove what an earlier call has left in a folder whose lock is held."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name not in LOCKS:
            path.unlink()


def chosen_length(folder: Path, updates: int) -> int:
    """How many updates a whole run makes: `updates`, or what was noted in the folder when the parts were begun, since
    a time that is measured again would give runs of other lengths."""
    path = folder / LENGTH
    if path.is_file():
        return int(json.loads(path.read_text("utf-8"))["updates"])
    with output_file(path) as stream:
        stream.write(json.dumps({"updates": updates}).encode())
    return updates


def working_files(
    config: RunConfig, inputs: Inputs, folder: Path, *, resume: bool, say: Callable[[str], None]
) -> RunConfig:
    """The configuration with files of training and dev pairs, and note it in the folder.

    Where dev pairs must be set aside, or pairs are given in Python or on standard input, both parts are written into
    the folder, so that every part learns from the same pairs and is judged by the same. A run that goes on must have
    the settings it was begun with.
    """
    before = given_before(folder) if resume else None
    files = (*config.data.train, *config.data.dev)
    if inputs.train is not None or inputs.dev is not None or not config.data.dev or any(map(readable_once, files)):
        if before is None or not (folder / DEV).is_file():
            train, dev = _read(config, inputs)
            for name, pairs in ((TRAIN, train), (DEV, dev)):
                _write(folder / name, pairs)
            say(f"{len(train):,} training and {len(dev):,} dev pairs are in {folder}")
        fields = {"source": "source", "target": "target", "tags": "tags", "format": "auto", "pattern": ""}
        fields["tag_from_name"] = ""  # the tag stands in the column
        places = {"train": (str(folder / TRAIN),), "dev": (str(folder / DEV),), "weights": ()}
        config = config.replace(data=config.data.replace(**fields, **places))
    values = config.model_dump(mode="json")
    given = json.loads(json.dumps(config.given_values, default=str))
    if before is not None:
        for key, old, new in differences(before.model_dump(mode="json"), values):
            raise ConfigError(
                f"{'.'.join(key)} must stay {old!r} when the parts go on, not {new!r}",
                where=str(folder),
                hint="leave it as it was, or start again with --overwrite",
            )
    with output_file(folder / GIVEN) as stream:
        stream.write(json.dumps(given, ensure_ascii=False, indent=1).encode())
    return config


def _read(config: RunConfig, inputs: Inputs) -> tuple[Sequence[Example], Sequence[Example]]:
    """All training and dev pairs; dev pairs are set aside where none are given."""
    data, report = config.data, ReadReport(config.data.on_bad_line)
    if inputs.train is None and not data.train:
        raise ConfigError("data.train must name at least one file of pairs", hint="seqloom train pairs.tsv …")
    train = list(
        read_examples(data.train, data, report)
        if inputs.train is None
        else pairs_as_examples(inputs.train, report, "training pairs", data)
    )
    if inputs.dev is not None:
        return train, list(pairs_as_examples(inputs.dev, report, "dev pairs", data))
    if data.dev:
        return train, list(read_examples(data.dev, data, report))
    return held_out(train, data)


def _write(path: Path, pairs: Sequence[Example]) -> None:
    with output_file(path) as stream:
        for pair in pairs:
            target = list(pair.targets) if pair.references else pair.target
            values: dict[str, Any] = {"source": pair.source, "target": target, "tags": list(pair.tags)}
            stream.write(f"{json.dumps(values, ensure_ascii=False)}\n".encode())
