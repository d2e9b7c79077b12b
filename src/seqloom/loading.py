"""A model folder → a model, by the engine that is asked for or installed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from seqloom.checkpoint.files import folder_path
from seqloom.checkpoint.reading import read_manifest
from seqloom.errors import ConfigError, absent, suggestion
from seqloom.plugins import use_all

if TYPE_CHECKING:
    from seqloom.api import Model
    from seqloom.runtime_model import RuntimeModel

ENGINES = ("auto", "torch", "onnx")


@overload
def load(folder: Path | str, *, engine: Literal["auto", "torch"] = "auto", plugins: Sequence[str] = ()) -> Model: ...


@overload
def load(
    folder: Path | str,
    *,
    engine: Literal["onnx"],
    int8: bool | None = None,
    threads: int | None = None,
    plugins: Sequence[str] = (),
) -> RuntimeModel: ...


@overload
def load(
    folder: Path | str,
    *,
    engine: str = "auto",
    int8: bool | None = None,
    threads: int | None = None,
    plugins: Sequence[str] = (),
) -> Model | RuntimeModel: ...


def load(
    folder: Path | str,
    *,
    engine: str = "auto",
    int8: bool | None = None,
    threads: int | None = None,
    plugins: Sequence[str] = (),
) -> Model | RuntimeModel:
    """The model in a folder; every file that is read is checked against its hash first.

    `engine` is `torch`, or `onnx` for the graph that `seqloom export` has written; `auto` takes PyTorch where it is
    installed and the folder has weights for it, and no option of the graph is given. `int8` chooses the graph with
    weights of 8 bits or the one in float32; by default float32 where there are both. `threads` batches go through the
    graph at a time, by default 1.

    `plugins` are put to use first (see `seqloom.plugins.use`). A model that needs a plugin which is neither in use nor
    installed is refused with PyTorch; its graph needs none.
    """
    use_all(plugins)
    if engine not in ENGINES:
        raise ConfigError(
            f"engine must be one of {', '.join(ENGINES)}, not {engine!r}", hint=suggestion(engine, ENGINES)
        )
    folder = folder_path(folder)
    graph_only = int8 is not None or threads is not None
    if engine == "torch" and graph_only:
        raise ConfigError("int8 and threads are of the onnx engine, not of torch", hint='choose engine "onnx"')
    if engine == "auto":
        engine = "onnx" if graph_only or not _torch_can(folder) else "torch"
    if engine == "torch":
        try:
            api = import_module("seqloom.api")
        except ModuleNotFoundError as error:
            raise absent(error, 'the engine "torch"') from None
        with_torch: Model = api.load_torch(folder)
        return with_torch
    cores = 1 if threads is None else threads
    runtime = import_module("seqloom.runtime_model")
    with_graph: RuntimeModel = runtime.load_graph(folder, int8=int8, threads=cores)
    return with_graph


def _torch_can(folder: Path) -> bool:
    """Whether PyTorch is installed and the folder is not one of a graph alone."""
    if find_spec("torch") is None:
        return False
    return not read_manifest(folder).graph_alone
