"""seqloom distill: train a student on the answers of a teacher."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from seqloom.cli.options import SettingOptions

Files = list[str] | None


def distill(
    teacher: Annotated[Path, typer.Argument(metavar="TEACHER", help="The model folder of the teacher.")],
    pairs: Annotated[
        list[str], typer.Argument(metavar="PAIRS...", help="Files of pairs, usually those of the teacher's training.")
    ],
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="The student's model folder to write.")],
    config: Annotated[
        str | None, typer.Option("--config", "--preset", metavar="CONFIG", help="The student's TOML file, or preset.")
    ] = None,
    dev: Annotated[
        Files, typer.Option("--dev", metavar="FILE", help="Development pairs, which stay as given; can be repeated.")
    ] = None,
    sources: Annotated[
        Files, typer.Option("--sources", metavar="FILE", help="Further sources without targets; can be repeated.")
    ] = None,
    beam: Annotated[int, typer.Option("--beam", metavar="K", help="Beam of the teacher's search; 0: its own.")] = 0,
    closest: Annotated[
        str,
        typer.Option(
            "--closest",
            metavar="METRIC",
            help="Of the n best answers take the closest to the given targets, by METRIC.",
        ),
    ] = "",
    n_best: Annotated[
        int, typer.Option("--n-best", metavar="N", help="Answers that --closest chooses from; 0: as many as the beam.")
    ] = 0,
    keep_original: Annotated[
        float, typer.Option("--keep-original", metavar="SHARE", help="Also learn from this share of the given pairs.")
    ] = 0.0,
    settings: SettingOptions = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where it was stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the student and the answers.")] = False,
) -> None:
    """Train a student on the answers of a teacher (sequence-level knowledge distillation).

    The teacher answers every source once; the student, usually smaller, learns the answers. The settings are the
    student's.
    """
    from seqloom.synthetic.distill import distill as teach
    from seqloom.synthetic.teacher import Teaching
    from seqloom.training.runs import run_config

    teach(
        teacher,
        pairs,
        output,
        dev=dev or (),
        sources=sources or (),
        teaching=Teaching(beam, closest, n_best, keep_original),
        student=run_config(config, settings=settings or ()),
        progress=sys.stderr,
        resume=resume,
        overwrite=overwrite,
    )
    both = " ".join(shlex.quote(str(each)) for each in (output, "DATA", "--compare", teacher))
    typer.echo(f"measure it: seqloom evaluate {both}", err=True)
