"""A graph in a file, opened by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime

from seqloom.checkpoint.format import FileRecord
from seqloom.checkpoint.reading import check_file
from seqloom.errors import ModelFolderError

ERRORS = 3
"""The severity from which ONNX Runtime writes to standard error."""


class GraphFile:
    """A graph that is opened where it lies.

    Pickled, it is the place of its graph, with a hash of it, which the process that reads it must see, too.
    """

    def __init__(self, path: Path) -> None:
        self._session, self.path, self._file = _session(path), path.absolute(), FileRecord.of(path)

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs to open the same graph."""
        return {name: value for name, value in self.__dict__.items() if name != "_session"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the graph where it lies, if it still is the one that was pickled."""
        check_file(state["path"], state["_file"], state["path"])
        self.__dict__.update(state, _session=_session(state["path"]))


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # one would be kept for every shape of a batch that ever came
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library's own errors have no common kind
        reason = (str(error).splitlines() or [""])[0]
        raise ModelFolderError(
            f"cannot be run by ONNX Runtime {onnxruntime.__version__}: {reason}",
            where=str(path),
            hint="pip install --upgrade onnxruntime, or export the model again: seqloom export FOLDER",
        ) from None
