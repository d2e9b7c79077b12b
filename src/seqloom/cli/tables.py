"""Tables for people, printed with rich on standard output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.table import Table
from rich.text import Text

from seqloom.cli.class_tables import class_tables, label_rows
from seqloom.cli.printing import file_name as _file_name
from seqloom.cli.printing import plain_console as _console
from seqloom.cli.printing import plain_table as _table
from seqloom.cli.printing import short as _short
from seqloom.cli.printing import shown as _shown
from seqloom.cli.tag_tables import tag_tables
from seqloom.metrics import ClassificationReport
from seqloom.planning import NOT_CHOSEN, shown_settings

if TYPE_CHECKING:
    from seqloom.bench import Speed
    from seqloom.breakdown import Breakdown
    from seqloom.confidence import Reliability
    from seqloom.evaluation import BadAnswer, Evaluation
    from seqloom.losses import LossComparison
    from seqloom.metrics import Comparison
    from seqloom.sweeps import SweepResults
    from seqloom.training.forecast import Forecast
    from seqloom.training.provenance.reproduction import FileState
    from seqloom.tune_memory import Tuning


def evaluation(measured: Evaluation) -> None:
    """Print the figures of an evaluation with their conventions, then the worst examples."""
    table = _table("measure", "value", "convention")
    for score in measured.scores:
        table.add_row(score.name, f"{score.value:.2f}", score.signature.replace("|", ", "))
        if score.name in ("accuracy", "intent_accuracy") and isinstance(measured.labels, ClassificationReport):
            always = f"always answering {_short(measured.labels.majority.label, 30)}, the most frequent label"
            table.add_row("majority baseline", f"{measured.labels.baseline:.2f}", always)
    for row in label_rows(measured):
        table.add_row(*row)
    loss = measured.teacher_forced
    if measured.tags is not None:
        unit = "word" if measured.labels is None else "word and label"
        table.add_row("loss", f"{loss.per_token:.4f}", f"nats per {unit}")
    elif measured.probabilities is not None:
        table.add_row("loss", f"{loss.per_token:.4f}", "nats per example, of the network without its calibration")
    elif not loss.tokens:
        table.add_row("loss", "-", "no target can be an answer of this model")
    else:
        table.add_row("loss", f"{loss.per_token:.4f}", "nats per token of this model, end marks included")
        table.add_row("loss", f"{loss.per_character:.4f}", "nats per character of the references")
        table.add_row("perplexity", f"{loss.perplexity:.2f}", "per token")
    table.caption, table.caption_justify = "measures are in percent", "left"
    _console().print(table)
    rate = measured.count / max(measured.seconds, 1e-9)
    examples = "example" if measured.count == 1 else "examples"
    _console().print(f"{measured.count:,} {examples} in {measured.seconds:.1f} s ({rate:,.0f} per second)")
    if measured.confidence is not None:
        confidence(measured.confidence)
    if measured.by is not None:
        _console().print(_by_part(measured.by, measured))
    for each in () if measured.labels is None else class_tables(measured.labels):
        _console().print(each)
    for each in () if measured.tags is None else tag_tables(measured.tags):
        _console().print(each)
    if measured.worst:
        _console().print(_worst(measured.worst))


def _worst(answers: Sequence[BadAnswer]) -> Table:
    """A row for each of the worst examples; with a column of tags where any source has some."""
    tagged = any(answer.tags for answer in answers)
    table = _table("worst", "input", *(["tags"] if tagged else []), "predicted", "correct")
    table.columns[0].no_wrap = True  # a line number that is cut in two reads as another one
    for answer in answers:
        tags = [";".join(answer.tags)] if tagged else []
        cells = (_file_name(answer.where), answer.source, *tags, answer.prediction, " | ".join(answer.references))
        table.add_row(*map(_short, cells))
    return table


def _by_part(by: Breakdown, measured: Evaluation) -> Table:
    """A row for each tag or file, then the mean over them and the figures of all examples together."""
    names = [score.name for score in measured.scores]
    table = _table(by.kind, "examples", *names, "loss")

    def add(name: str, count: int, figures: Mapping[str, float]) -> None:
        table.add_row(name, f"{count:,}", *(f"{figures[each]:.2f}" for each in names), f"{figures['loss']:.4f}")

    for row in by.rows:
        add(_file_name(row.name) or "(no tag)", row.count, row.figures)
    add(f"macro mean of {len(by.rows)}", measured.count, by.macro)
    add("all together", measured.count, {name: measured[name] for name in (*names, "loss")})
    return table


def confidence(found: Reliability) -> None:
    """Print how far the confidences of answers can be trusted, and what the most confident ones are worth."""
    from seqloom.confidence.quality import EXACT

    worth = "right" if found.measure == EXACT else f"mean {found.measure}"
    table = _table("most confident", "answers", "confidence from", worth)
    for each in found.coverage:
        shares = (f"{100 * each.share:.0f} %", f"{each.answers:,}", f"{each.least:.3f}", f"{100 * each.worth:.1f} %")
        table.add_row(*shares)
    table.caption = (
        f"confidence: expected calibration error {found.calibration_error:.3f}, Brier score {found.brier:.3f};\n"
        f"mean {found.confidence:.3f}, true {found.worth:.3f}"
    )
    if found.without:
        table.caption += f"\n{found.without:,} answers more have none: they were looked up, or their input is empty"
    table.caption_justify = "left"
    _console().print(table)


def forecast(found: Forecast) -> None:
    """Print what the pairs are like, what was chosen for them and why, and how long training would take."""
    console = _console()
    for sentence in () if found.plan.facts is None else found.plan.facts.sentences():
        console.print(sentence)
    for choice in found.plan.choices:
        console.print("\n".join(f"{name} = {value}" for name, value in shown_settings(choice.settings)))
        for said in (f"as {choice.why}", *([f"measured: {choice.measured}"] if choice.measured else [])):
            console.print(Text("\n".join(wrap(said, console.width, initial_indent="    ", subsequent_indent="    "))))
    for each in found.plan.left_out:
        console.print(Text(f"{NOT_CHOSEN}: {each}"))
    for sentence in (*found.notices, *found.details, *found.plan.notes):
        console.print(Text(sentence))
    for sentence in found.warnings:
        console.print(Text(f"warning: {sentence}"))
    threads = "1 thread" if found.threads == 1 else f"{found.threads} threads"
    if "plan.minutes" in found.given:  # how long that takes was measured for the plan, and is among the notices
        console.print(f"{found.weights:,} weights; {found.updates:,} updates ({found.device}, {threads})")
        return
    work = f"{found.updates:,} updates and {found.evaluations:,} evaluations"
    work = f"a run has {work}; all runs together" if found.config.plan.effort == "best" else work
    console.print(
        f"{found.weights:,} weights; {work} take about {found.seconds / 60:.1f} minutes on this machine "
        f"({found.device}, {threads})"
    )


def comparison(differences: Sequence[Comparison], losses: LossComparison, count: int) -> None:
    """Print two models side by side, with the result of the paired bootstrap."""
    table = _table("measure", "first", "second", "difference", "95 % interval", "p")
    for each in differences:
        interval = f"{each.low:+.2f} … {each.high:+.2f}"
        verdict = f"{each.p_value:.3f}{' *' if each.significant else ''}"
        table.add_row(
            each.metric,
            f"{each.first.value:.2f}",
            f"{each.second.value:.2f}",
            f"{each.difference:+.2f}",
            interval,
            verdict,
        )
    first, second = losses.first, losses.second
    difference = "not compared" if losses.difference is None else f"{losses.difference:+.4f}"
    table.add_row("nats per token", f"{first.per_token:.4f}", f"{second.per_token:.4f}", difference, "", "")
    difference = f"{losses.difference_per_character:+.4f}"
    table.add_row("nats per character", f"{first.per_character:.4f}", f"{second.per_character:.4f}", difference, "", "")
    _console().print(table)
    _console().print(f"{count:,} examples, {differences[0].samples:,} resamplings; * p < 0.05")
    if not losses.same_tokens:
        _console().print(
            "The models split targets into different tokens, so their losses per token cannot be compared."
        )


def speeds(measured: Sequence[Speed]) -> None:
    """Print the speed, memory and disk size of each engine of a model."""
    rates = ("beam 5 × 32\nsentences/s", "\ntokens/s")
    table = _table(
        "\nengine", "greedy\np50 ms", "\np99 ms", "beam 5\np50 ms", *rates, "peak\nMB", "disk\nMB", fold=False
    )
    for speed in measured:
        table.add_row(
            speed.engine,
            *(f"{value:.1f}" for value in (speed.greedy_p50, speed.greedy_p99, speed.beam_p50)),
            f"{speed.sentences_per_second:,.1f}",
            f"{speed.tokens_per_second:,.0f}",
            "" if speed.peak_mb is None else f"{speed.peak_mb:,.0f}",
            f"{speed.disk_mb:,.1f}",
        )
    _console().print(table)


def memory(tuning: Tuning) -> None:
    """Print the network alone and each memory that was tried on dev pairs."""
    name = tuning.network.name
    table = _table(
        "least\ncount",
        "least\nshare",
        "\nsources",
        "dev pairs\nanswered",
        f"{name} there\nof memory",
        "\nof network",
        f"{name}\nof both",
    )
    for each in tuning.trials:
        there = ("-" if value is None else f"{value:.2f}" for value in (each.memory, each.network))
        shown = str(each.min_count), f"{each.min_share:g}"
        table.add_row(*shown, f"{each.sources:,}", f"{each.answered:,}", *there, f"{each.score:.2f}")
    _console().print(table)
    said = f"network alone: {name} {tuning.network.value:.2f} on {tuning.examples:,} dev pairs"
    if tuning.best is None or tuning.against is None:
        _console().print(f"{said}; no memory makes it better, so that nothing is memorised")
    else:
        _console().print(
            f"{said}; with a memory from count {tuning.best.min_count} and share {tuning.best.min_share:g} on "
            f"{tuning.best.score:.2f}, "
            f"{tuning.against.difference:+.2f} points (paired bootstrap: p {tuning.against.p_value:.3f})"
        )


def facts(title: str, values: Mapping[str, Any]) -> None:
    """Print names and values below a heading."""
    table = _table(title, "")
    for name, value in values.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else _shown(value))
    _console().print(table)


def files(states: Sequence[FileState]) -> None:
    """Print the files that went into a model, and whether they have changed."""
    table = _table("state", "part", "file")
    for each in states:
        table.add_row(each.state, each.part, each.file)
    _console().print(table)


def trials(found: SweepResults) -> None:
    """Print the trials of a sweep, one on each line or, if the terminal is too narrow, on several lines each."""
    from seqloom.plots.labels import named, shortest

    short = shortest(name for each in found.trials for name in each.settings)
    rows = []
    for each in found.trials:
        settings = {short[name]: named(value) for name, value in each.settings.items()}
        value = "" if each.value is None else named(float(each.value))
        best = "best" if each.number == found.best else ""
        rows.append(
            _Row(str(each.number), each.state, value, settings, str(each.evaluations), f"{each.seconds:.1f}", best)
        )
    table = _table("trial", "state", found.measure, *short.values(), "evaluations", "seconds", "", fold=False)
    for row in rows:
        cells = (row.settings.get(name, "") for name in short.values())
        table.add_row(row.number, row.state, row.value, *cells, row.evaluations, row.seconds, row.best)
    console = _console()
    if console.measure(table, options=console.options.update(max_width=10_000)).maximum <= console.width:
        console.print(table)
    else:
        _blocks(rows, found.measure)
    for each in found.trials:
        if each.error or each.place:
            console.print(f"trial {each.number} {each.state}{f' on {each.place}' if each.place else f': {each.error}'}")


class _Row(NamedTuple):
    """The cells of a trial as text."""

    number: str
    state: str
    value: str
    settings: dict[str, str]
    evaluations: str
    seconds: str
    best: str


def _blocks(rows: Sequence[_Row], measure: str) -> None:
    """Print the trials one below the other, with a line for each setting."""
    widest = max((len(name) for row in rows for name in row.settings), default=0)
    for row in rows:
        figure = f", {measure} {row.value}" if row.value else ""
        best = " (best)" if row.best else ""
        head = f"trial {row.number} {row.state}{figure}{best}, {row.evaluations} evaluations, {row.seconds} s"
        _console().print(head)
        for name, value in row.settings.items():
            _console().print(f"  {name:<{widest}}  {value}")


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested mappings into one with dotted names."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            result |= flat(value, f"{prefix}{name}.")
        else:
            result[f"{prefix}{name}"] = value
    return result
