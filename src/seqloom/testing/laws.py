"""The laws that every network obeys, whatever its members are. Each raises an `AssertionError` where it is broken.

`where` is what the sentence of an error says of the network that was tried.
"""

from __future__ import annotations

import torch
from torch import Tensor

from seqloom.ensemble_network import networks_of
from seqloom.model import ModelState, Network, Seq2Seq, select
from seqloom.nn.cells import Cell
from seqloom.nn.cells.base import hold
from seqloom.nn.tree import leaves, select_rows, tree_map
from seqloom.search import ModelStepper, SearchConfig, search
from seqloom.testing.comparing import ALONE, MASKS, SEARCH, STEPS, near, require
from seqloom.testing.networks import Rows, gradients, rows, unrolled
from seqloom.text.special import BOS, EOS, PAD

ORDER = torch.tensor([2, 0, 1])


def a_sequence_is_its_steps(model: Network, where: str = "", batch: Rows | None = None) -> None:
    """Law 1: all steps of a known target at once equal single steps: logits, attention weights, gradients."""
    batch = rows() if batch is None else batch
    logits, weights = model(*batch[:3])
    stepped, looked = unrolled(model, batch)
    near(STEPS, where, "a logit [row, step, word]", logits, stepped)
    near(STEPS, where, "an attention weight [row, step, position]", weights, looked)
    signs = torch.randn(logits.shape, generator=torch.Generator().manual_seed(3))
    by_sequence, by_steps = (gradients(model, (each * signs).sum(), unused=True) for each in (logits, stepped))
    for name, gradient in by_steps.items():
        near(STEPS, where, f"the gradient of {name}", by_sequence[name], gradient, rtol=1e-3, atol=1e-4)


def cell_sequence_is_its_steps(cell: Cell, where: str = "", *, with_lengths: bool = True) -> None:
    """Law 1 for a cell alone: `sequence` equals `step` after `step`: outputs on real steps, final state, gradients."""
    x = torch.randn(4, 6, cell.input_size, generator=torch.Generator().manual_seed(2)).requires_grad_()
    lengths = torch.tensor([6, 1, 3, 5]) if with_lengths else None
    first = tree_map(torch.randn_like, cell.start(4, x))
    y, final = cell.sequence(x, lengths, first)
    state, outputs = first, []
    for t in range(6):
        out, new = cell.step(x[:, t], state)
        real = torch.ones(4, 1, dtype=torch.bool) if lengths is None else (t < lengths)[:, None]
        state = hold(real, new, state)
        outputs.append(torch.where(real, out, y[:, t]))  # outputs on padding are free
    near(STEPS, where, "an output [row, step, feature]", y, torch.stack(outputs, 1))
    require(STEPS, where, type(final) is type(state), f"the final state is a {type(final)} and a {type(state)}")
    for number, (found, wanted) in enumerate(zip(leaves(final), leaves(state), strict=True)):
        near(STEPS, where, f"part {number} of the final state", found, wanted)
    weights = [x, *cell.parameters()]
    by_sequence, by_steps = (
        torch.autograd.grad(torch.cat(leaves(tree)).square().sum(), weights, allow_unused=True)
        for tree in (final, state)
    )
    names = ["the input", *(name for name, _ in cell.named_parameters())]
    for name, found_gradient, gradient in zip(names, by_sequence, by_steps, strict=True):
        near(STEPS, where, f"the gradient of {name}", found_gradient, gradient)


@torch.no_grad()
def a_row_is_alone(model: Network, where: str = "", batch: Rows | None = None) -> None:
    """Law 2 in values: neighbours, padding, what lies on padding, and the rows' order change nothing."""
    batch = rows() if batch is None else batch
    together, shuffled = model(*batch[:3]), model(*batch.shuffled(ORDER).widened()[:3])
    for place, index in enumerate(ORDER.tolist()):
        alone, looked = model(*batch.row(index)[:3])
        length, size = alone.size(1), int(batch.lengths[index])
        for how, at, (logits, weights) in (("", index, together), (" with more padding", place, shuffled)):
            said = f"of row {index} among others{how} and alone, a"
            near(ALONE, where, f"{said} logit [step, word]", logits[at, :length], alone[0])
            if looked is not None and weights is not None:
                seen = weights[at, :length, :size]
                near(ALONE, where, f"{said} weight [step, position]", seen, looked[0])


def a_row_is_alone_in_its_gradients(model: Network, where: str = "", batch: Rows | None = None) -> None:
    """Law 2 in gradients: what the loss of a row teaches does not depend on its neighbours and its padding."""
    batch = rows() if batch is None else batch
    alone = gradients(model, row_loss(model, batch.row(2), 0), unused=True)
    among = gradients(model, row_loss(model, batch.widened(), 2), unused=True)
    for name, gradient in alone.items():
        said = f"among others and alone, the gradient of {name}"
        near(ALONE, where, said, among[name], gradient, rtol=1e-3, atol=5e-5)


def a_batch_loss_is_the_sum_of_its_rows(model: Seq2Seq, smoothing: float, where: str = "") -> None:
    """Law 2 in the loss: that of a batch is the sum over its rows, and padding has no part in it."""
    batch = rows()
    sums = model.loss(*batch.widened(), smoothing)
    alone = [model.loss(*batch.row(index), smoothing) for index in range(3)]
    counted = sum(each.tokens for each in alone)
    require(ALONE, where, sums.tokens == counted, f"a batch has {sums.tokens} tokens, its rows {counted}")
    for name in ("loss", "nll"):
        parts = torch.stack([getattr(each, name) for each in alone]).sum()
        near(ALONE, where, f"the {name} of a batch and of its rows", getattr(sums, name), parts, atol=1e-4)
    plain = torch.stack([row_loss(model, batch, index) for index in range(3)]).sum().detach()
    near(ALONE, where, "the negative log-likelihood", sums.nll, plain, atol=1e-4)


@torch.no_grad()
def beams_share_a_memory(model: Network, where: str = "") -> None:
    """Law 2 in a search: the beams of a sentence share its memory and nothing else."""
    batch, beam = rows(), 2
    memory, decoder = model.start(batch.source, batch.lengths)
    tokens = torch.randint(1, 11, (3 * beam, 2), generator=torch.Generator().manual_seed(4))
    shared = ModelState(memory, select_rows(decoder, torch.arange(3).repeat_interleave(beam)))
    source, lengths = batch.source.repeat_interleave(beam, 0), batch.lengths.repeat_interleave(beam)
    apart = _walk(model, model.start(source, lengths), tokens)
    near(ALONE, where, "with one memory for two beams, a logit [beam, step, word]", _walk(model, shared, tokens), apart)


@torch.no_grad()
def selecting_rows_commutes(model: Network, where: str = "") -> None:
    """Law 2 in a search: to select rows and then take a step is to take the step and then select them."""
    batch = rows()
    _, state, _ = model.step(batch.target_in[:, 0], model.start(batch.source, batch.lengths))
    chosen, tokens = torch.tensor([2, 1, 2, 0]), torch.tensor([7, 5, 9])
    logits, after, weights = model.step(tokens, state)
    found, later, looked = model.step(tokens[chosen], select(state, chosen, chosen))
    near(ALONE, where, "after its rows were selected, a logit [row, word]", found, logits[chosen])
    if weights is not None:
        near(ALONE, where, "after its rows were selected, a weight [row, position]", looked, weights[chosen])
    wanted = select(after, chosen, chosen)
    kinds = type(later.decoder), type(wanted.decoder)
    require(ALONE, where, kinds[0] is kinds[1], f"the state is a {kinds[0]} and a {kinds[1]}")
    for number, (one, other) in enumerate(zip(leaves(later), leaves(wanted), strict=True)):
        near(ALONE, where, f"after its rows were selected, part {number} of the state", one, other)


@torch.no_grad()
def weights_are_a_distribution(model: Network, where: str = "") -> None:
    """Law 7: attention weights are at least 0, exactly 0 on padding, and sum to 1 over the real positions."""
    batch = rows().widened()
    real = torch.arange(batch.source.size(1)) < batch.lengths[:, None]
    masks = [each.encode(batch.source, batch.lengths).memory.mask for each in networks_of(model)]
    same = all(torch.equal(mask, real) for mask in masks)
    require(MASKS, where, same, "the memory's mask is not where the tokens are")
    _, weights = model(*batch[:3])
    if not model.attends:
        require(MASKS, where, weights is None, "there are weights without an attention")
        return
    require(MASKS, where, weights is not None, "an attention gives no weights")
    assert weights is not None
    shape = [*batch.target_in.shape, batch.source.size(1)]
    require(MASKS, where, list(weights.shape) == shape, f"weights must be {shape}, not {list(weights.shape)}")
    require(MASKS, where, bool((weights >= 0).all()), "a weight is below 0 or no number")
    require(MASKS, where, bool((weights.transpose(1, 2)[~real] == 0).all()), "a weight on padding is not exactly 0")
    near(MASKS, where, "the sum of weights", weights.sum(-1), torch.ones(weights.shape[:2]), atol=1e-5)


def the_gradient_reaches_every_weight(model: Seq2Seq, where: str = "") -> None:
    """What must hold beside the laws: each weight of the network has a part in the loss, and a finite gradient."""
    law = "the gradient reaches every weight"
    found = gradients(model, model.loss(*rows()).loss, unused=True)
    for name, gradient in found.items():
        require(law, where, bool(gradient.isfinite().all()), f"the gradient of {name} is not finite")
        require(law, where, bool(gradient.abs().sum() > 0), f"the gradient of {name} is 0 everywhere")


def a_sentence_is_searched_alone(model: Network, where: str = "", beam: int = 3) -> None:
    """Law 2 in whole searches: outputs, scores and alignments of a sentence do not depend on the others in its batch,
    some of which end earlier and leave it."""
    source, lengths = _sources()
    config = SearchConfig(beam=beam, n_best=beam, max_length_ratio=1.0, max_length_extra=3)
    together = search(ModelStepper(model), source, lengths, config, alignments=True)
    for row, size in enumerate(lengths.tolist()):
        only = source[row : row + 1, :size], lengths[row : row + 1]
        (alone,) = search(ModelStepper(model), *only, config, alignments=True)
        words = [[each.ids for each in found] for found in (together[row], alone)]
        said = f"sentence {row} is answered {words[0]} among others and {words[1]} alone"
        require(ALONE, where, words[0] == words[1], said)
        for one, other in zip(together[row], alone, strict=True):
            said = f"of an answer to sentence {row} among others and alone, "
            near(ALONE, where, f"{said}the score", torch.tensor(one.score), torch.tensor(other.score), atol=1e-4)
            if one.alignment is not None and other.alignment is not None:
                looked, seen = torch.from_numpy(one.alignment), torch.from_numpy(other.alignment)
                near(ALONE, where, f"{said}the alignment", looked, seen, atol=1e-4)


@torch.no_grad()
def found_outputs_have_their_own_scores(model: Network, where: str = "", beam: int = 3) -> None:
    """Law 5: what a search says of an output, whose beams it has reordered on the way, is what the network says of that
    output when it is given as a known target: log-probabilities of the tokens, and the alignment."""
    source, lengths = _sources()
    config = SearchConfig(beam=beam, n_best=beam, max_length_ratio=1.0, max_length_extra=3)
    for row, found in enumerate(search(ModelStepper(model), source, lengths, config, alignments=True)):
        size = int(lengths[row])
        for each in found:
            known = torch.tensor([[BOS, *each.ids]])
            logits, weights = model(source[row : row + 1, :size], lengths[row : row + 1], known)
            wanted = torch.log_softmax(logits[0], -1).gather(1, torch.tensor([*each.ids, EOS])[:, None])[:, 0]
            said = f"of the answer {list(each.ids)} to sentence {row}, "
            near(SEARCH, where, f"{said}a log-probability", torch.tensor(each.token_log_probs), wanted, atol=1e-4)
            if each.alignment is not None and weights is not None:
                seen = weights[0, : len(each.ids)]
                near(SEARCH, where, f"{said}the alignment", torch.from_numpy(each.alignment), seen, atol=1e-4)


def row_loss(model: Network, batch: Rows, index: int) -> Tensor:
    """The loss of one row of a batch."""
    logits, _ = model(*batch[:3])
    length = int(batch.target_lengths[index])
    return torch.nn.functional.cross_entropy(logits[index, :length], batch.target_out[index, :length], reduction="sum")


def _walk(model: Network, state: ModelState, tokens: Tensor) -> Tensor:
    """Logits [N, T, V] of given tokens [N, T], step by step."""
    found = []
    for token in tokens.unbind(1):
        logits, state, _ = model.step(token, state)
        found.append(logits)
    return torch.stack(found, 1)


def _sources() -> tuple[Tensor, Tensor]:
    """Sentences of many lengths, with their end marks."""
    lengths = torch.tensor([5, 1, 3, 7, 2, 6])
    ids = torch.randint(4, 13, (6, 7), generator=torch.Generator().manual_seed(1))
    places = torch.arange(7)
    ids = torch.where(places < lengths[:, None] - 1, ids, PAD)
    return torch.where(places == lengths[:, None] - 1, EOS, ids), lengths
