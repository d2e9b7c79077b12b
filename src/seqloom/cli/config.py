"""seqloom config: print a complete configuration as TOML."""

from __future__ import annotations

from typing import Annotated

import typer

from seqloom.cli.options import SettingOptions


def config(
    preset: Annotated[
        str | None, typer.Argument(metavar="PRESET", help="The name of a preset, or a TOML file.", show_default=False)
    ] = None,
    settings: SettingOptions = None,
) -> None:
    """Print a complete configuration.

    The output is TOML with a comment on each setting. It holds the defaults, a preset, or a file completed with the
    defaults.
    """
    from seqloom.config import to_toml
    from seqloom.training.runs import run_config

    typer.echo(to_toml(run_config(preset, settings=settings or ()), comments=True), nl=False)
