"""Tables for people, by rich, on standard output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from seqloom.bench import Speed
    from seqloom.evaluation import Evaluation
    from seqloom.metrics import Comparison


def evaluation(measured: Evaluation) -> None:
    """Figures with their conventions, then the worst examples."""
    table = _table("measure", "value", "convention")
    for score in measured.scores:
        table.add_row(score.name, f"{score.value:.2f}", score.signature)
    table.add_row("loss", f"{measured.loss:.4f}", "nats a token, end marks counted")
    table.add_row("perplexity", f"{measured.perplexity:.2f}", "")
    _console().print(table)
    rate = measured.count / max(measured.seconds, 1e-9)
    _console().print(f"{measured.count:,} examples in {measured.seconds:.1f} s ({rate:,.0f} a second)")
    if measured.worst:
        bad = _table("worst", "input", "predicted", "right")
        for answer in measured.worst:
            right = " | ".join(answer.references)
            bad.add_row(*(_short(text) for text in (answer.where, answer.source, answer.prediction, right)))
        _console().print(bad)


def comparison(differences: Sequence[Comparison], first: Evaluation, second: Evaluation) -> None:
    """Two models side by side, with the paired bootstrap's verdict."""
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
    table.add_row("loss", f"{first.loss:.4f}", f"{second.loss:.4f}", f"{second.loss - first.loss:+.4f}", "", "")
    _console().print(table)
    _console().print(f"{first.count:,} examples, {differences[0].samples:,} resamplings; * p < 0.05")


def speeds(measured: Sequence[Speed]) -> None:
    """Ways of decoding and how fast they are."""
    table = _table("search", "inputs", "sentences/s", "tokens/s", "p50 ms", "p99 ms")
    for speed in measured:
        times = ("" if value is None else f"{value:.1f}" for value in (speed.p50, speed.p99))
        table.add_row(
            speed.name,
            f"{speed.inputs:,}",
            f"{speed.sentences_per_second:,.1f}",
            f"{speed.tokens_per_second:,.0f}",
            *times,
        )
    _console().print(table)


def facts(title: str, values: Mapping[str, Any]) -> None:
    """Names and values under a heading."""
    table = _table(title, "")
    for name, value in values.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else _shown(value))
    _console().print(table)


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted names."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            result |= flat(value, f"{prefix}{name}.")
        else:
            result[f"{prefix}{name}"] = value
    return result


def _console() -> Console:
    return Console(highlight=False, markup=False, soft_wrap=True)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(Text(column), overflow="fold")
    return table


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _short(text: str, longest: int = 100) -> Text:
    line = " ".join(text.split())
    return Text(line if len(line) <= longest else line[: longest - 1] + "…")
