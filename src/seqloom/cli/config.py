"""seqloom config: a whole configuration to start from."""

from __future__ import annotations

from typing import Annotated

import typer

from seqloom.cli.options import Settings


def config(
    preset: Annotated[
        str | None, typer.Argument(metavar="PRESET", help="A preset, or a TOML file.", show_default=False)
    ] = None,
    settings: Settings = None,
) -> None:
    """Print a whole configuration.

    TOML with a sentence about each setting: the defaults, a preset, or a file filled up with the defaults.
    """
    from seqloom.config import to_toml
    from seqloom.training.runs import run_config

    typer.echo(to_toml(run_config(preset, settings=settings or ()), comments=True), nl=False)
