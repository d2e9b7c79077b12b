"""What a run without settings reaches on data sets with published figures.

    SEQLOOM_DATA=FOLDER python benchmarks/without_settings.py SET [--only NAME,...] [--tests] [--json FILE]

SET is `words-3600` (SIGMORPHON 2020, 13 languages), `words-800` (SIGMORPHON 2021, low, the languages with a test),
`inflection-2020`, `inflection-2023` or `labels` (TREC, SST-2, rotten tomatoes). Each data set is trained in a process
of its own by `seqloom train --train TRAIN --dev DEV --output MODEL`, on one thread, with nothing but the columns of its
files named, and evaluated on its dev pairs; on its test pairs, which should be looked at once, only with `--tests`.
A Markdown row is printed as soon as it is measured, the time in minutes of the processor. `--set` adds settings,
to compare one choice with another on dev. TREC and rotten tomatoes have no dev part: a part of the training
sentences is set aside by a fixed seed, and of rotten tomatoes a test part as well.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

DATA = Path(os.environ.get("SEQLOOM_DATA", "../shared/data"))
SEED = 1
PARTS = ("train", "dev", "test")


@dataclass(frozen=True)
class DataSet:
    """The files of one data set by part, the columns they have, and the measure of its published figures."""

    files: Mapping[str, Path]
    columns: tuple[str, ...] = ()
    metric: str = "error_rate"


def words_3600(_: Path) -> dict[str, DataSet]:
    """SIGMORPHON 2020 task 1: words to phones, 3,600 words a language."""
    folder = DATA / "sigmorphon2020_g2p"
    names = [path.name.removesuffix("_test.tsv") for path in sorted((folder / "test").glob("*_test.tsv"))]
    return {name: DataSet({part: folder / part / f"{name}_{part}.tsv" for part in PARTS}) for name in names}


def words_800(_: Path) -> dict[str, DataSet]:
    """SIGMORPHON 2021 task 1, low: words to phones, 800 words a language."""
    folder = DATA / "sigmorphon2021_g2p" / "low"
    names = [path.name.removesuffix("_test.tsv") for path in sorted(folder.glob("*_test.tsv"))]
    return {name: DataSet({part: folder / f"{name}_{part}.tsv" for part in PARTS}) for name in names}


def inflection(year: int, columns: tuple[str, ...]) -> dict[str, DataSet]:
    """Lemmas with tags to forms, the languages whose test file is there."""
    folder = DATA / f"sigmorphon{year}_inflection"
    names = [path.stem for path in sorted(folder.glob("*.tst"))]
    suffixes = dict(zip(PARTS, ("trn", "dev", "tst"), strict=True))
    return {
        name: DataSet({part: folder / f"{name}.{suffix}" for part, suffix in suffixes.items()}, columns, "exact_match")
        for name in names
    }


def inflection_2020(_: Path) -> dict[str, DataSet]:
    """SIGMORPHON 2020 task 0: 777 to 5,413 pairs."""
    return inflection(2020, ("data.source=1", "data.target=2", "data.tags=3"))


def inflection_2023(_: Path) -> dict[str, DataSet]:
    """SIGMORPHON 2023 task 0: 10,000 pairs, no lemma of dev or test in train."""
    return inflection(2023, ("data.source=1", "data.target=3", "data.tags=2"))


def labels(work: Path) -> dict[str, DataSet]:
    """Sentences and labels; what the published files leave open is set aside into files in `work`."""
    columns = ("data.source=2", "data.target=1")
    sst = [DATA / "sst" / f"sst2.{part}.tsv" for part in PARTS]
    folder = DATA / "sentence_classification"
    trec = [*set_aside(folder / "trec.train.tsv", work, {"dev": 500}), folder / "trec.test.tsv"]
    reviews = set_aside(folder / "rt_polarity.tsv", work, {"dev": 1066, "test": 1066})
    found = {"trec": trec, "sst2": sst, "rotten-tomatoes": reviews}
    return {
        name: DataSet(dict(zip(PARTS, paths, strict=True)), columns, "exact_match") for name, paths in found.items()
    }


def set_aside(path: Path, work: Path, parts: dict[str, int]) -> list[Path]:
    """Files of the rest and of each part, in random order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    random.Random(SEED).shuffle(lines)
    paths, start = [], 0
    for part, count in parts.items():
        paths.append(work / f"{path.stem}-{part}.tsv")
        paths[-1].write_text("\n".join(lines[start : start + count]) + "\n", encoding="utf-8")
        start += count
    rest = work / f"{path.stem}-rest.tsv"
    rest.write_text("\n".join(lines[start:]) + "\n", encoding="utf-8")
    return [rest, *paths]


SETS: dict[str, Callable[[Path], dict[str, DataSet]]] = {
    "words-3600": words_3600,
    "words-800": words_800,
    "inflection-2020": inflection_2020,
    "inflection-2023": inflection_2023,
    "labels": labels,
}


def processor_minutes() -> float:
    """The time of the processor that child processes have taken, in minutes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) / 60


def seqloom(*arguments: str) -> str:
    """Run a command on one thread; its standard output."""
    command = (sys.executable, "-m", "seqloom", *arguments)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def measured(data: DataSet, model: Path, settings: list[str], parts: list[str]) -> dict[str, float]:
    """Train and evaluate; the figures in percent and the minutes of the training."""
    given = [word for setting in (*data.columns, *settings) for word in ("--set", setting)]
    before = processor_minutes()
    seqloom(
        "train", "--train", str(data.files["train"]), "--dev", str(data.files["dev"]), "--output", str(model), *given
    )
    figures = {"minutes": processor_minutes() - before}
    for part in parts:
        path = str(data.files[part])
        answer = json.loads(seqloom("evaluate", str(model), path, "--metrics", data.metric, "--json"))
        figures[part] = next(row["value"] for row in answer["scores"] if row["name"] == data.metric)
    return figures


def rows(given: argparse.Namespace, work: Path) -> Iterator[dict[str, object]]:
    """The rows of the table."""
    data = SETS[given.set](work)
    wanted = [name for name in given.only.split(",") if name] or list(data)
    if unknown := set(wanted) - set(data):
        raise SystemExit(f"no {', '.join(sorted(unknown))}; there are {', '.join(data)}")
    parts = ["dev", "test"] if given.tests else ["dev"]
    for name in wanted:
        model = (given.models or work) / f"{given.set}-{name}"
        figures = measured(data[name], model, given.settings, parts)
        yield {"set": given.set, "name": name, "settings": given.settings, "metric": data[name].metric, **figures}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--only", default="", help="names of data sets, with commas between them")
    parser.add_argument("--tests", action="store_true", help="look at the test pairs, too")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--models", type=Path, help="a folder to keep the models in")
    parser.add_argument("--json", type=Path, help="a file to add the rows to, a line each")
    given = parser.parse_args()
    print("| set | name | dev | test | minutes |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(given, Path(folder)):
            cells = [row["set"], row["name"], *(f"{row[key]:.2f}" if key in row else "" for key in ("dev", "test"))]
            print(f"| {' | '.join(map(str, cells))} | {row['minutes']:.1f} |", flush=True)
            if given.json:
                with given.json.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
