"""seqloom recipe: whole runs whose published figures stand beside ours."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from seqloom.cli.options import Settings, takes_plugins

recipe = typer.Typer(name="recipe", help="Runs with published figures to compare with.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A recipe of the list, or a TOML file.", show_default=False)]


@recipe.command("list")
def list_() -> None:
    """Name the recipes."""
    from seqloom.recipes import load_recipe, recipe_names

    for name in recipe_names():
        typer.echo(f"{name:24}{load_recipe(name).title}")


@recipe.command()
def show(name: Name) -> None:
    """Print a recipe.

    What it does, the published figures, its configuration.
    """
    from seqloom.recipes import recipe_text

    typer.echo(recipe_text(name), nl=False)


@recipe.command()
@takes_plugins
def run(
    name: Name,
    output: Annotated[Path | None, typer.Option("--output", metavar="DIR", help="By default runs/NAME.")] = None,
    only: Annotated[str, typer.Option("--only", metavar="PARTS", help="Some of its languages, such as ady,fre.")] = "",
    settings: Settings = None,
) -> None:
    """Train, measure, compare.

    The published figures are printed beside ours, and written as JSON and Markdown.
    """
    from seqloom.cli.guard import beside
    from seqloom.recipes import load_recipe, run_recipe

    chosen = load_recipe(name)
    parts = tuple(part.strip() for part in only.split(",") if part.strip())
    folder = output or Path("runs") / chosen.name
    results = run_recipe(chosen, folder, only=parts, settings=settings or (), progress=sys.stderr)
    with beside(folder):
        typer.echo(results.to_markdown(), nl=False)
    typer.echo(f"written: {folder / 'results.json'}, {folder / 'results.md'}", err=True)
