"""Writing of an exported graph into a model folder, or into a new folder that can be used without torch."""

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
from seqloom.networks import AnyLabelNetwork, AnyTagNetwork, writing
from seqloom.search import SearchConfig

LEFT_OUT = (layout.WEIGHTS, layout.GRAPH, layout.GRAPH_INT8)


def export_model(folder: Path | str, output: Path | str | None = None, *, int8: bool = False) -> Path:
    """Export a model to ONNX, into its own folder or into a new folder `output`, and return the path of the graph.

    A new folder also gets the other files that are needed to run the graph. Before anything is written, the float32
    graph is compared with the model: scores and alignments must agree for random sources of other sizes than those
    used for tracing. With `int8` the weights are then quantised to 8 bits; the recurrent layers are exported step
    by step in this case, so that their weights are quantised, too. If the folder has a shortlist, the graph has inputs
    for one. Raises a `ConfigError` that says what cannot be exported.
    """
    try:
        from seqloom.export.labels import label_graph  # noqa: PLC0415 - optional package
        from seqloom.export.parity import checked_graph  # noqa: PLC0415
        from seqloom.export.quantise import quantised  # noqa: PLC0415
        from seqloom.export.tags import tag_graph  # noqa: PLC0415
    except ImportError:
        raise missing_package("onnx", "export", "exporting") from None
    folder = folder_path(folder)
    loaded = load_model(folder)
    target = folder if output is None else folder_path(output)
    if target != folder and target.exists() and any(target.iterdir()):
        raise ConfigError("the output folder must be new or empty", where=str(target), hint="name another one")
    search = build(SearchConfig, loaded.config.get("search", {}), where=str(folder / layout.CONFIG))
    known, copies = loaded.manifest, dict[str, Writer]()
    if isinstance(loaded.model, AnyLabelNetwork):
        graph = label_graph(loaded.model, fused=not int8)
    elif isinstance(loaded.model, AnyTagNetwork):
        graph = tag_graph(loaded.model, fused=not int8)
    else:
        graph = checked_graph(
            writing(loaded.model, "a search", str(folder)),
            search,
            fused=not int8,
            listed=layout.SHORTLIST in known.files,
        )
    name = layout.GRAPH_INT8 if int8 else layout.GRAPH
    content = (quantised(graph) if int8 else graph).SerializeToString()
    if target != folder:
        known = replace(known, files={each: known.files[each] for each in known.files if each not in LEFT_OUT})
        copies = {each: partial(shutil.copyfile, place_of(folder, each)) for each in known.files}
    return add_file(target, name, bytes_writer(content), known, copies)
