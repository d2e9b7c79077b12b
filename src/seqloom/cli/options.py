"""Arguments and options that several commands share, so that they mean the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ModelArgument = Annotated[Path, typer.Argument(metavar="MODEL", help="A model folder.", show_default=False)]
Data = Annotated[
    str, typer.Argument(metavar="DATA", help="A file of pairs, or two parallel files: a.en,a.de.", show_default=False)
]
SettingOptions = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, such as search.beam=10; can be repeated."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Output = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Write to this file; - is standard output.")
]
