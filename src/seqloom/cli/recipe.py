"""seqloom recipe: complete runs whose results are compared with published figures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from seqloom.cli import completion
from seqloom.cli.options import SettingOptions, takes_plugins

recipe = typer.Typer(name="recipe", help="Run recipes and compare with published figures.", no_args_is_help=True)

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="The name of a recipe, or a TOML file.",
        show_default=False,
        autocompletion=completion.recipe_or_file,
    ),
]


@recipe.command("list")
def list_() -> None:
    """List the recipes."""
    from seqloom.recipes import load_recipe, recipe_names

    names = recipe_names()
    for name in names:
        typer.echo(f"{name:{max(map(len, names))}}  {load_recipe(name).title}")


@recipe.command()
def show(name: Name) -> None:
    """Print a recipe.

    The output is its TOML file: what it does, the published figures, and the configuration.
    """
    from seqloom.recipes import recipe_text

    typer.echo(recipe_text(name), nl=False)


@recipe.command()
@takes_plugins
def run(
    name: Name,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="DIR", help="The output folder; by default runs/NAME.")
    ] = None,
    only: Annotated[
        str, typer.Option("--only", metavar="PARTS", help="Run only some of its parts, such as ady,fre.")
    ] = "",
    settings: SettingOptions = None,
) -> None:
    """Run a recipe: train, evaluate and compare.

    The results are printed beside the published figures, and written as JSON and Markdown.
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
