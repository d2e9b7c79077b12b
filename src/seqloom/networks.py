"""The network of each kind of answer."""

from __future__ import annotations

from collections.abc import Mapping

from seqloom.codecs import AnswerKind, Codecs, FrameCodec, TagsCodec
from seqloom.errors import ConfigError
from seqloom.frame_network import FrameNetwork
from seqloom.label_ensemble import LabelEnsemble
from seqloom.label_network import LabelNetwork
from seqloom.model import Network, Seq2Seq, SingleNetwork
from seqloom.model_config import ModelConfig
from seqloom.tag_ensemble import TagEnsemble
from seqloom.tag_network import TagNetwork

AnyNetwork = Network | SingleNetwork | LabelEnsemble | TagEnsemble
"""A network, whatever it answers with: one that can be trained, or an ensemble."""
AnyLabelNetwork = LabelNetwork | LabelEnsemble
"""A network that answers with labels: one that can be trained, or an ensemble."""
AnyTagNetwork = TagNetwork | TagEnsemble
"""A network that answers with tags, or with tags and a label: one that can be trained, or an ensemble."""
TrainedNetwork = Seq2Seq | LabelNetwork | TagNetwork
"""A network that can be trained."""
NETWORKS: Mapping[AnswerKind, type[TrainedNetwork]] = {
    "sequence": Seq2Seq,
    "label": LabelNetwork,
    "labels": LabelNetwork,
    "tags": TagNetwork,
    "frame": FrameNetwork,
    "transduction": TagNetwork,
}
"""The network that is trained, for each kind of answer that a model can have."""


def new_network(config: ModelConfig, codecs: Codecs) -> TrainedNetwork:
    """A network with fresh weights for what the codecs read and answer; refuses settings of another answer."""
    wanted = "sequence" if config.answer == "auto" else config.answer
    if wanted != codecs.answer:
        raise ConfigError(f"model.answer is {wanted}, and the target side of the model is made for {codecs.answer}")
    source, target = codecs.source, codecs.target
    if isinstance(target, FrameCodec):
        sizes = {"labels": len(target.label.labels), "reserved": source.reserved}
        return FrameNetwork(config, source.size, target.size, **sizes, legal=target.tags.legal)
    if isinstance(target, TagsCodec):
        return TagNetwork(config, source.size, target.size, reserved=source.reserved, legal=target.legal)
    return NETWORKS[codecs.answer](config, source.size, target.size, reserved=source.reserved)


def writing(network: AnyNetwork, purpose: str, where: str = "") -> Network:
    """The network, where it writes sequences; else a `ConfigError` says that `purpose` needs one that does."""
    if isinstance(network, Network):
        return network
    first = network if isinstance(network, SingleNetwork) else network.networks[0]
    raise ConfigError(
        f"{purpose} needs a model that writes sequences, and this one answers with {first.config.answer}",
        where=where,
        hint="train one with model.answer = sequence",
    )
