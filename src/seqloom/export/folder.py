"""A model folder that gets a graph, or a folder of the graph alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

from seqloom.checkpoint import format as layout
from seqloom.checkpoint import load_model
from seqloom.checkpoint.adding import add_file
from seqloom.checkpoint.files import Writer, bytes_writer, folder_path, place_of
from seqloom.config import build
from seqloom.errors import ConfigError, missing_package
from seqloom.search import SearchConfig

LEFT_OUT = (layout.WEIGHTS, layout.GRAPH, layout.GRAPH_INT8)


def export_model(folder: Path | str, output: Path | str | None = None, *, int8: bool = False) -> Path:
    """Write the graph of a model into its folder or, with what it takes to run it, into a new folder `output`.

    The float32 graph is compared with the model before it is written: tokens, scores and alignments of made-up sources
    at other sizes than those that were traced. `int8` rounds the weights to 8 bits, those of recurrences that float32
    leaves to kernels, too. A folder with a shortlist gets a graph that can be given one. Returns the path of the graph.
    Raises a `ConfigError` for a model that cannot be exported, which names what it is.
    """
    try:
        from seqloom.export.parity import checked_graph  # noqa: PLC0415 - optional package
        from seqloom.export.quantise import quantised  # noqa: PLC0415
    except ImportError:
        raise missing_package("onnx", "export", "exporting") from None
    folder = folder_path(folder)
    loaded = load_model(folder)
    target = folder if output is None else folder_path(output)
    if target != folder and target.exists() and any(target.iterdir()):
        raise ConfigError("the output folder must be new or empty", where=str(target), hint="name another one")
    search = build(SearchConfig, loaded.config.get("search", {}), where=str(folder / layout.CONFIG))
    known, copies = loaded.manifest, dict[str, Writer]()
    graph = checked_graph(loaded.model, search, fused=not int8, listed=layout.SHORTLIST in known.files)
    name = layout.GRAPH_INT8 if int8 else layout.GRAPH
    content = (quantised(graph) if int8 else graph).SerializeToString()
    if target != folder:
        known = replace(known, files={each: known.files[each] for each in known.files if each not in LEFT_OUT})
        copies = {each: partial(shutil.copyfile, place_of(folder, each)) for each in known.files}
    return add_file(target, name, bytes_writer(content), known, copies)
