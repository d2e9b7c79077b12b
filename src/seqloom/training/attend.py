"""The network fitted to the data, where its settings leave it open."""

from __future__ import annotations

from seqloom.model import ModelConfig


def fitted(config: ModelConfig, *, words: bool) -> tuple[ModelConfig, list[str]]:
    """The network's settings without `auto`, and what was chosen; `words` says whether single words go to words.

    Attention before the decoder's layers sees at each step what the step before has covered. It walks over the target
    step by step, which costs little in words; in sentences, attention between the layers is as good and much faster.
    """
    if config.decoder.attend != "auto":
        return config, []
    attend, reason = ("before", "words go to words") if words else ("between", "texts are longer than words")
    chosen = config.replace(decoder=config.decoder.replace(attend=attend))
    return chosen, [f"attention: model.decoder.attend = {attend}, as {reason}"]
