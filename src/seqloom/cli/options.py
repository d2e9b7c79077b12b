"""Arguments and options that several commands share, so that they mean the same everywhere."""

from __future__ import annotations

import inspect
import json
import shlex
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from seqloom.cli import completion

ModelArgument = Annotated[Path, typer.Argument(metavar="MODEL", help="A model folder.", show_default=False)]
Answers = Annotated[
    Path,
    typer.Argument(metavar="MODEL", help="A model folder, or the file of a combination of models.", show_default=False),
]
Data = Annotated[
    str, typer.Argument(metavar="DATA", help="A file of pairs, or two parallel files: a.en,a.de.", show_default=False)
]
SettingOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a setting, such as search.beam=10; can be repeated.",
        autocompletion=completion.setting,
    ),
]
Tags = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        metavar="TAG",
        help="Tag of all inputs, such as a language, in place of that of the file's name or column; can be repeated.",
    ),
]
EffortOption = Annotated[
    str | None,
    typer.Option(
        "--effort",
        metavar="EFFORT",
        help="How much to spend on what is chosen: none, quick, normal or best.",
        show_default=False,
    ),
]
MinutesOption = Annotated[
    float | None,
    typer.Option("--minutes", metavar="N", help="Plan training to take this long on this machine.", show_default=False),
]
EpochsOption = Annotated[
    int | None,
    typer.Option("--epochs", metavar="N", help="Number of passes over the training pairs.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Output = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Write to this file; - is standard output.")
]
MinConfidence = Annotated[
    float | None,
    typer.Option(
        "--min-confidence",
        metavar="P",
        help="Mark the answers that a person should look at: those of a lower confidence, with unknown symbols, of "
        "shortened inputs, or at the length limit.",
        min=0,
        max=1,
    ),
]
Doubtful = Annotated[
    Path | None,
    typer.Option(
        "--doubtful",
        metavar="FILE",
        help="With --min-confidence: write these answers to a table of their own instead of marking them.",
    ),
]
Engine = Annotated[
    str, typer.Option("--engine", metavar="NAME", help="torch, onnx, or auto for torch if it is installed.")
]
Int8 = Annotated[bool, typer.Option("--int8", help="Use the exported graph with 8-bit weights.")]
Threads = Annotated[
    int | None, typer.Option("--threads", metavar="N", help="Batches to run at a time, each on one core (onnx only).")
]
Plugins = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        metavar="FILE",
        help="A Python file with members of your own, or the name of an installed plugin; can be repeated.",
        show_default=False,
    ),
]


def with_tags(settings: list[str] | None, tags: list[str] | None) -> list[str]:
    """The settings, with the tags that `--tag` gives to all inputs."""
    return [*(settings or ()), *([f"data.fixed_tags={json.dumps(tags)}"] if tags else [])]


def planning_settings(
    effort: str | None, minutes: float | None, settings: list[str] | None, epochs: int | None = None
) -> list[str]:
    """The settings that `--effort`, `--minutes` and `--epochs` stand for, followed by the given ones."""
    planned = {"plan.effort": effort, "plan.minutes": minutes, "training.epochs": epochs}
    return [*(f"{name}={value}" for name, value in planned.items() if value is not None), *(settings or ())]


def try_predicting(model: Path, more: str = "") -> None:
    """Say how a model is asked: with a tag where it needs one, and with `more` options."""
    from seqloom.checkpoint.reading import read_config

    data = read_config(model).get("data", {})
    needed = data.get("tags") and data.get("untagged") != "accept"
    text = "printf 'TEXT\\tTAGS\\n'" if needed else "echo ..."
    tag = "--tag TAG" if data.get("tag_from_name") and not needed else ""
    parts = (f"{text} | seqloom predict {shlex.quote(str(model))}", tag, more.strip())
    typer.echo(f"try it: {' '.join(part for part in parts if part)}", err=True)


def use_plugins(plugins: list[str] | None) -> None:
    """Load the plugins that the command line names."""
    if plugins:
        from seqloom.plugins import use_all

        use_all(plugins)


def takes_plugins(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option `--plugin`, whose plugins are loaded before the command runs."""

    @wraps(command)
    def run(*arguments: Any, plugin: list[str] | None = None, **options: Any) -> None:
        use_plugins(plugin)
        command(*arguments, **options)

    hints = {**get_type_hints(command, include_extras=True), "plugin": Plugins}
    parameters = [each.replace(annotation=hints[each.name]) for each in inspect.signature(command).parameters.values()]
    last = inspect.Parameter("plugin", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Plugins)
    run.__signature__ = inspect.Signature([*parameters, last])  # type: ignore[attr-defined]
    run.__annotations__ = hints
    return run
