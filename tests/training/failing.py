"""The command line, but the third update fails: in the process RANK, or in all where RANK is `all`.

torchrun --nproc-per-node N tests/training/failing.py RANK KIND ARGUMENTS…
"""

from __future__ import annotations

import sys
from typing import Any

from seqloom.cli.main import main
from seqloom.errors import DataError
from seqloom.training import run
from seqloom.training.group import Place
from seqloom.training.updates.step import update

if __name__ == "__main__":
    _, where, kind, *sys.argv[1:] = sys.argv
    calls = iter(range(1, 1000))
    error = DataError("made up", hint="none") if kind == "data" else ZeroDivisionError("made up")

    def failing(*arguments: Any) -> Any:
        if next(calls) == 3 and where in ("all", str(Place.here().rank)):
            raise error
        return update(*arguments)

    vars(run)["update"] = failing
    main()
