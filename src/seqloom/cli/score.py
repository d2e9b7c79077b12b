"""seqloom score: compute the log-probabilities of given pairs under a model."""

from __future__ import annotations

import json

import typer

from seqloom.cli.options import Data, Engine, Int8, Json, ModelArgument, SettingOptions, Tags, with_tags


def score(
    model: ModelArgument,
    data: Data,
    as_json: Json = False,
    settings: SettingOptions = None,
    tags: Tags = None,
    engine: Engine = "auto",
    int8: Int8 = False,
) -> None:
    """Score given pairs.

    Prints for each pair the natural logarithm of its probability and its number of target tokens, including the end
    mark. The mean goes to standard error. A target that the model can never answer, such as a label that it does not
    know, has -inf and no tokens, and no part in the mean.
    """
    from seqloom.data import ReadReport, read_examples
    from seqloom.loading import load
    from seqloom.losses import perplexity
    from seqloom.remarks import Remarks

    chosen = load(model, engine=engine, int8=int8 or None).with_settings(with_tags(settings, tags))
    report = ReadReport(chosen.config.data.on_bad_line)
    examples = read_examples([data], chosen.config.data, report)
    total, tokens, remarks = 0.0, 0, Remarks()
    for scored in chosen.score(examples):
        total, tokens = total + scored.log_prob, tokens + scored.tokens
        none = bool(scored.unwritable) and not scored.tokens
        remarks.note(scored.cut, scored.unknown, scored.unwritable, unscored=none)
        if as_json:
            values = {
                "log_prob": None if none else round(scored.log_prob, 4),
                "tokens": scored.tokens,
                "token_log_probs": [round(value, 4) for value in scored.token_log_probs],
                "cut": scored.cut,
                "unknown": list(scored.unknown),
                "unwritable": list(scored.unwritable),
            }
            typer.echo(json.dumps(values, ensure_ascii=False))
        else:
            typer.echo(f"{'-inf' if none else f'{scored.log_prob:.4f}'}\t{scored.tokens}")
    for sentence in (*report.sentences(), *remarks.sentences()):
        typer.echo(f"note: {sentence}", err=True)
    if tokens:
        loss = -total / tokens
        typer.echo(f"{loss:.4f} nats per token of this model, perplexity {perplexity(loss):.2f}", err=True)
