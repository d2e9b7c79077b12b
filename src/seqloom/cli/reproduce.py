"""seqloom reproduce: print how to train a model again, and check the files that it was trained on."""

from __future__ import annotations

import json

import typer

from seqloom.cli.options import Json, ModelArgument


def reproduce(model: ModelArgument, as_json: Json = False) -> None:
    """Print the command that trains a model again.

    Every file that went into the model is compared with its recorded SHA-256. The exit code is 2 if a file has
    changed, is missing, or has been added to those that a pattern matches. Run the command in the folder in which the
    model was trained.
    """
    from seqloom.cli.guard import USER_ERROR
    from seqloom.training.provenance.reproduction import reproduction

    found = reproduction(model)
    if as_json:
        typer.echo(json.dumps(found.to_json(), ensure_ascii=False, indent=2))
    else:
        from seqloom.cli import tables

        for command in found.commands:
            typer.echo(command)
        tables.files(found.files)
        for note in found.notes:
            typer.echo(f"note: {note}", err=True)
    if not found.unchanged:
        typer.echo("some of the files that the model was made from have changed", err=True)
        raise typer.Exit(USER_ERROR)
