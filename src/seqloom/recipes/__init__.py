"""Recipes: complete training runs on public data, compared with published figures. Each is a TOML file in this
folder."""

from __future__ import annotations

from seqloom.recipes.recipe import Published, Recipe, load_recipe, recipe_names, recipe_text
from seqloom.recipes.results import PartResult, Results
from seqloom.recipes.runner import run_recipe

__all__ = [
    "PartResult",
    "Published",
    "Recipe",
    "Results",
    "load_recipe",
    "recipe_names",
    "recipe_text",
    "run_recipe",
]
