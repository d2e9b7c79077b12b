"""The command `seqloom` and its subcommands."""

from __future__ import annotations

import sys

import typer

from seqloom.cli.augment import augment
from seqloom.cli.average import average
from seqloom.cli.bench import bench
from seqloom.cli.calibrate import calibrate
from seqloom.cli.combine import combine
from seqloom.cli.config import config
from seqloom.cli.data import data
from seqloom.cli.distill import distill
from seqloom.cli.ensemble import ensemble
from seqloom.cli.evaluate import evaluate
from seqloom.cli.example import example
from seqloom.cli.exceptions import exceptions
from seqloom.cli.explain import explain
from seqloom.cli.export import export
from seqloom.cli.guard import BROKEN_PIPE, INTERRUPTED, USER_ERROR, Guard
from seqloom.cli.lexicon import lexicon
from seqloom.cli.memorise import memorise
from seqloom.cli.options import Plugins, takes_plugins, use_plugins
from seqloom.cli.plan import plan
from seqloom.cli.plot import plot
from seqloom.cli.predict import predict
from seqloom.cli.recipe import recipe
from seqloom.cli.reproduce import reproduce
from seqloom.cli.score import score
from seqloom.cli.shortlist import shortlist
from seqloom.cli.show import show
from seqloom.cli.sweep import sweep
from seqloom.cli.train import train
from seqloom.errors import DiskError
from seqloom.streams import take_over_streams

app = typer.Typer(
    cls=Guard,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def version(asked: bool) -> None:
    """Print the version and exit."""
    if asked:
        from seqloom import __version__

        typer.echo(f"seqloom {__version__}")
        raise typer.Exit


@app.callback()
def seqloom(
    version: bool = typer.Option(
        False, "--version", callback=version, is_eager=True, help="Show the version and exit."
    ),
    plugin: Plugins = None,
) -> None:
    """Sequence-to-sequence models: recurrent encoder-decoders with attention."""
    del version
    use_plugins(plugin)


app.command()(example)
for command in (
    train,
    plan,
    predict,
    evaluate,
    score,
    explain,
    calibrate,
    show,
    average,
    ensemble,
    reproduce,
    export,
    shortlist,
    augment,
    distill,
    exceptions,
    memorise,
    lexicon,
):
    app.command()(takes_plugins(command))
app.add_typer(combine)
app.add_typer(data)
app.add_typer(plot)
app.command()(takes_plugins(config))
app.add_typer(recipe)
app.command()(takes_plugins(sweep))
app.command()(takes_plugins(bench))


def main() -> None:
    """Run the command line with robust standard streams (see `seqloom.streams`)."""
    take_over_streams()
    try:
        try:
            app(prog_name="seqloom")
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        raise SystemExit(BROKEN_PIPE) from None
    except DiskError as error:
        typer.echo(f"error: {error.on_command_line}", err=True)
        raise SystemExit(USER_ERROR) from None
