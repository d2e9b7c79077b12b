"""What each process of a test's group does: runs a list of jobs, and leaves what it saw as `seen-RANK.json`.

    torchrun --nproc-per-node N tests/training/worker.py FOLDER

FOLDER/jobs.json: a list of {name, config, cut, resume, room}. A run is cut short after the update `cut`, 0 never;
only batches up to the size `room` fit into the memory of the last process.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from reversal import reversed_pairs

from seqloom.checkpoint.tensors import distinct_tensors
from seqloom.config import build
from seqloom.data import cache
from seqloom.training import Inputs, RunConfig, loop, train
from seqloom.training.fine_tuning import adopted
from seqloom.training.finishing import finish
from seqloom.training.group import Place
from seqloom.training.reports import EvalReport, NoticeReport, Report, StepReport
from seqloom.training.run import Run
from seqloom.training.updates import step
from seqloom.training.updates.step import batch_loss

INPUTS = Inputs(reversed_pairs(), reversed_pairs(30, seed=2))
SEEN: dict[str, Any] = {}
SAID = re.compile("going on|does not fit")


class Watched(Run):
    """Notes the seed that an update draws from."""

    def update(self, batches: Any) -> Iterator[Report]:
        yield from super().update(batches)
        SEEN["seed"] = torch.initial_seed()


def watched_finish(run: Run) -> Iterator[Report]:
    """Notes the weights at the end of a run, before and after the best ones are chosen."""
    SEEN["weights"] = digest(run.prepared.model)
    yield from finish(run)
    SEEN["chosen"] = digest(run.prepared.model)


def digest(model: torch.nn.Module) -> str:
    found = hashlib.sha256()
    for tensor in distinct_tensors(model).values():
        found.update(tensor.numpy().tobytes())
    return found.hexdigest()


def narrow(room: int) -> Any:
    def fails(model: Any, batch: Any, *rest: Any) -> Any:
        if batch.size > room:
            raise MemoryError
        return batch_loss(model, batch, *rest)

    return fails


def summary(report: Report) -> dict[str, Any] | None:
    """What must not depend on the number of processes."""
    if isinstance(report, StepReport):
        return {"step": report.step, "loss": report.loss, "norm": report.gradient_norm, "rate": report.learning_rate}
    if isinstance(report, EvalReport):
        return {"step": report.step, "dev": report.loss, "best": report.best, **report.metrics}
    return {"notice": report.text} if isinstance(report, NoticeReport) and SAID.search(report.text) else None


def run(job: dict[str, Any], folder: Path) -> dict[str, Any]:
    SEEN.clear()
    last = Place.here().rank == Place.here().size - 1
    vars(step)["batch_loss"] = narrow(job["room"]) if last and "room" in job else batch_loss
    config = build(RunConfig, adopted(job["config"]))
    inputs = Inputs() if config.data.train else INPUTS
    reports = []
    stream = train(config, folder / job["name"], inputs=inputs, resume=job.get("resume", False))
    for report in stream:
        reports += [said] if (said := summary(report)) else []
        if job.get("cut") and isinstance(report, StepReport) and report.step >= job["cut"]:
            break
    stream.close()
    return {**SEEN, "reports": reports}


def main() -> None:
    torch.set_num_threads(1)
    vars(loop)["Run"], vars(loop)["finish"] = Watched, watched_finish
    folder, rank = Path(sys.argv[1]), Place.here().rank
    written = vars(cache)["write_corpus"]

    def noted(*arguments: Any) -> None:
        SEEN["wrote a cache"] = True
        written(*arguments)

    vars(cache)["write_corpus"] = noted
    jobs = json.loads((folder / "jobs.json").read_text(encoding="utf-8"))
    seen = {job["name"] + (" resumed" if job.get("resume") else ""): run(job, folder) for job in jobs}
    (folder / f"seen-{rank}.json").write_text(json.dumps(seen), encoding="utf-8")


if __name__ == "__main__":
    main()
