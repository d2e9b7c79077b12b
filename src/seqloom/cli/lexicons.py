"""What the commands that change a model's lexicons share: how files are read, and how a lexicon is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from seqloom.cli.predict import one_line

if TYPE_CHECKING:
    from seqloom.data import DataConfig
    from seqloom.lexicon import Lexicon


@contextmanager
def in_files(files: Sequence[str]) -> Iterator[None]:
    """Name the files in an error about their pairs that names none."""
    from seqloom.errors import DataError

    try:
        yield
    except DataError as error:
        if error.where:
            raise
        raise DataError(error.message, where=", ".join(files), hint=error.hint) from None


def training_settings(model: Path) -> DataConfig:
    """How the training files of a model were read."""
    from seqloom.checkpoint import format as layout
    from seqloom.checkpoint.reading import read_config
    from seqloom.config import build
    from seqloom.data import DataConfig

    return build(DataConfig, read_config(model).get("data", {}), where=str(model / layout.CONFIG), within="data")


def reading_settings(model: Path, settings: list[str] | None) -> DataConfig:
    """How a file of exceptions is read: with the columns of the training files, by its own suffix, as UTF-8."""
    from seqloom.checkpoint import format as layout
    from seqloom.checkpoint.reading import read_config
    from seqloom.config import build, laid_over
    from seqloom.data import DataConfig
    from seqloom.data.config import PLAIN
    from seqloom.errors import ConfigError

    values = {"data": {**read_config(model).get("data", {}), **PLAIN}}
    changed: dict[str, Any] = laid_over(values, settings or ())
    if changed.keys() != {"data"}:
        others = ", ".join(sorted(changed.keys() - {"data"}))
        raise ConfigError(f"only settings of data say how exceptions are read, not those of {others}")
    return build(DataConfig, changed["data"], where=str(model / layout.CONFIG), within="data")


def show(lexicon: Lexicon, path: Path, done: Mapping[str, Any], *, separator: str, listed: bool, as_json: bool) -> None:
    """Say what a lexicon holds, and print it where that is asked for; `done` goes into the JSON, too.

    Lines have the columns source, answer, tags if there are any, and weight, which `seqloom exceptions` reads.
    """
    if as_json:
        values: dict[str, Any] = {"file": path.name, "sources": len(lexicon), **lexicon.facts, **done}
        if listed:
            values["entries"] = [
                {**vars(each), "answers": [vars(answer) for answer in each.answers]} for each in lexicon.entries()
            ]
        typer.echo(json.dumps(values, ensure_ascii=False, indent=2))
        return
    for each in lexicon.entries() if listed else ():
        tags = [separator.join(each.tags)] if each.tags else []
        for answer in each.answers:
            cells = (each.source, answer.text, *tags, f"{answer.weight:.12g}")
            typer.echo("\t".join(one_line(cell).replace("\t", " ") for cell in cells))
    how = "only as they are written" if lexicon.match_case else "as they are written, then in lower case"
    if len(lexicon) == 1:
        how = how.replace("they are", "it is")
    sources = "source" if len(lexicon) == 1 else "sources"
    said = (
        f"{len(lexicon):,} {sources}, looked up {how}" if len(lexicon) else "nothing is kept, and there is no such file"
    )
    typer.echo(f"{path}: {said}", err=True)
