"""The example of a plugin does what it says."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from seqloom import plugins
from seqloom.nn.attention import ATTENTIONS
from seqloom.testing import check_attention, check_metric

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin"


@pytest.mark.usefixtures("no_plugins", "unchecked_shapes")
def test_the_example_obeys_the_laws() -> None:
    plugins.use(str(EXAMPLE / "seqloom_cosine.py"))
    check_attention(ATTENTIONS["cosine"][0](kind="cosine", heads=2), export=False)
    check_metric("first_symbol")


def test_the_entry_point_of_the_example_names_its_module() -> None:
    values = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))
    (module,) = values["project"]["entry-points"][plugins.GROUP].values()
    assert (EXAMPLE / f"{module}.py").is_file()
