"""The process of one engine: `python -m seqloom.bench '["FOLDER", "onnx", true, 1, []]'`, see `program.py`."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from seqloom.bench.program import Reply
from seqloom.data import Source
from seqloom.errors import SeqloomError
from seqloom.inference.predicting_model import PredictingModel
from seqloom.loading import load
from seqloom.plugins import use_all


def main() -> None:
    """Load a model and answer requests until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Ctrl-C, the parent process ends this one
    folder, engine, int8, threads, plugins = json.loads(sys.argv[1])
    try:
        use_all(plugins)
        model = load(folder, engine=engine, int8=int8, threads=threads if engine == "onnx" else None)
        for line in sys.stdin:
            asked = json.loads(line)
            sources = [Source(text, tuple(tags)) for text, tags in asked["sources"]]
            _say(vars(answered(model, sources, asked["beam"], asked["batch"])))
    except SeqloomError as error:
        _say({"error": {"message": error.message, "where": error.where, "hint": error.hint}})


def answered(model: PredictingModel, sources: Sequence[Source], beam: int, batch: int) -> Reply:
    """Return the answers of a search with this beam, and the seconds of each call.

    With a `batch` of 1, each source is a call of its own; otherwise one call answers all sources in batches.
    """
    network = "search.known_answers=none"
    chosen = model.with_settings([f"search.beam={beam}", "search.n_best=1", f"search.batch={batch}", network])
    calls = [[source] for source in sources] if batch == 1 else [list(sources)]
    seconds, answers = [], []
    for call in calls:
        began = time.perf_counter()
        found = list(chosen.stream(call))
        seconds.append(time.perf_counter() - began)
        answers += [each.text for each in found]
    return Reply(seconds, answers, peak_memory())


def peak_memory() -> float | None:
    """Return the peak resident memory of this process in MB; None where the system does not tell.

    On Linux this is read from /proc, because the figure of `getrusage` is inherited from the parent process.
    """
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    with suppress(ImportError):
        resource = import_module("resource")
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(most if sys.platform == "darwin" else most * 1024) / 1e6
    return None


def _say(value: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
