"""seqloom plan: show what would be chosen for pairs, without training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from seqloom.cli.options import EffortOption, EpochsOption, Json, MinutesOption, SettingOptions, planning_settings


def plan(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE... [CONFIG]",
            help="Training pairs and configuration, as for seqloom train.",
            show_default=False,
        ),
    ],
    config: Annotated[
        str | None,
        typer.Option("--config", metavar="CONFIG", help="A TOML file, or the name of a preset.", show_default=False),
    ] = None,
    dev: Annotated[
        list[str] | None, typer.Option("--dev", metavar="FILE", help="Development pairs; can be repeated.")
    ] = None,
    effort: EffortOption = None,
    minutes: MinutesOption = None,
    epochs: EpochsOption = None,
    settings: SettingOptions = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Also write the whole configuration to this TOML file."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what seqloom train would choose for these pairs, and why, without training.

    Settings that are given stay as they are. A few updates are made to measure how long training will take.
    """
    from seqloom.checkpoint.files import text_writer, write_file
    from seqloom.cli import tables
    from seqloom.cli.given import told_apart
    from seqloom.entry import BEST, forecasted
    from seqloom.errors import ConfigError
    from seqloom.training.runs import run_config

    among, pairs = told_apart(files)
    if among and config:
        raise ConfigError(f"{among} and {config} are configurations, and a run has one", hint="leave one of them out")
    settings = planning_settings(effort, minutes, settings, epochs)
    given = run_config(among or config, files=(pairs, dev or ()), settings=settings)
    if output is not None and given.plan.effort == BEST:
        raise ConfigError(
            "the effort best tries several plans, so that there is none to write", hint="leave --output out"
        )
    found = forecasted(given)
    if output is not None:
        write_file(output, text_writer(found.to_toml()))
    if as_json:
        typer.echo(json.dumps(found.to_json(), ensure_ascii=False, indent=2))
    else:
        tables.forecast(found)
