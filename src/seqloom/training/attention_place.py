"""Choose where the decoder's attention stands, by the data, where the settings leave it open."""

from __future__ import annotations

from seqloom.model import ModelConfig


def fitted(config: ModelConfig, *, words: bool) -> tuple[ModelConfig, list[str]]:
    """Return the network's settings without `auto`, and a notice of the choice; `words` says whether pairs map words to
    words.

    Attention before the decoder's layers sees at each step what the step before has attended to. It needs a loop over
    the steps of the target, which costs little for words; for sentences, attention between the layers is as good and
    much faster.
    """
    if config.answer == "auto":  # nothing has chosen labels
        config = config.replace(answer="sequence")
    if config.decoder.attend != "auto" or config.answer != "sequence":
        return config, []
    attend, reason = ("before", "words go to words") if words else ("between", "texts are longer than words")
    chosen = config.replace(decoder=config.decoder.replace(attend=attend))
    return chosen, [f"attention: model.decoder.attend = {attend}, as {reason}"]
