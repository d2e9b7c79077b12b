"""seqloom config: print a complete configuration as TOML."""

from __future__ import annotations

from typing import Annotated

import typer

from seqloom.cli import completion
from seqloom.cli.options import SettingOptions


def config(
    preset: Annotated[
        str | None,
        typer.Argument(
            metavar="PRESET",
            help="The name of a preset, or a TOML file.",
            show_default=False,
            autocompletion=completion.preset_or_file,
        ),
    ] = None,
    settings: SettingOptions = None,
) -> None:
    """Print a complete configuration.

    The output is TOML with a comment on each setting. It holds the defaults, a preset, or a file completed with the
    defaults. Settings that training chooses for the pairs, unless they are given, stand there as comments.
    """
    from seqloom.config import to_toml
    from seqloom.planning.rules import left_open
    from seqloom.training.runs import run_config

    found = run_config(preset, settings=settings or ())
    names = left_open(found.given, found.plan.effort)
    typer.echo(to_toml(found, comments=True, left_open=names), nl=False)
