"""Flags of other tools, and what they are called here: who types one is told the setting, the option or the argument.

The flags are those of OpenNMT-py, fairseq, JoeyNMT, Marian, yoyodyne, g2p-seq2seq and Phonetisaurus, and names that
users of Keras and of PyTorch Lightning are used to.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

TRAINING = ("train", "plan", "config", "distill", "data suspects", "recipe run")
"""Commands for which all settings count; for others those of data, search and evaluation do."""
SHARED = ("data.", "search.", "evaluation.")

TABLE: Sequence[tuple[str, str]] = (
    # what is trained on
    ("--train FILE", "train-sets trainpref train-data train-file data-path train-src train-tgt train_src train_tgt"),
    ("--dev FILE", "valid val validation valid-sets validpref valid-src valid-tgt valid-data validation-data dev-data"),
    (":pairs stand in one file, or in two parallel ones with a comma between: a.en,a.de", "src tgt source target trg"),
    (":the languages follow from the files; parallel files are named with a comma between: a.en,a.de",
     "source-lang target-lang src-lang tgt-lang trg-lang"),
    (":files and folders are arguments: seqloom COMMAND --help names them in their order",
     "input inputs input-file data test test-file test-data testpref lexicon wordlist word-list word-list-file file"),
    ("data.dev_fraction=0.1", "validation-split val-split dev-split"),
    ("data.source=1", "source-col src-col source-column"),
    ("data.target=2", "target-col tgt-col target-column"),
    ("data.tags=3", "features-col features feature-col src-feats"),
    ("data.tag_separator=;", "features-sep feature-separator"),
    ("data.delimiter=comma", "sep delim field-separator"),
    ("data.max_source_length=200", "max-source-length max-source-positions src-seq-length max-src-len"),
    ("data.max_target_length=200", "max-target-length max-target-positions tgt-seq-length max-tgt-len"),
    ("data.drop_duplicates=true", "deduplicate dedup"),
    # text
    ("text.source.vocabulary_size=8000 text.target.vocabulary_size=8000",
     "vocab-size dim-vocabs num-words nwords bpe-size max-vocab-size"),
    ("text.source.vocabulary_size=8000", "src-vocab-size nwordssrc src-words-min-size"),
    ("text.target.vocabulary_size=8000", "tgt-vocab-size nwordstgt trg-vocab-size"),
    ("text.source.min_count=2 text.target.min_count=2", "min-freq word-freq min-count vocab-min-freq"),
    ("text.source.min_count=2", "src-words-min-frequency thresholdsrc"),
    ("text.target.min_count=2", "tgt-words-min-frequency thresholdtgt"),
    ("text.source.kind=bpe text.target.kind=bpe", "bpe tokenizer tokenization subword remove-bpe level"),
    ("text.source.lowercase=true text.target.lowercase=true", "lower lowercase lc"),
    ("text.shared=true", "share-vocab joined-dictionary joint-vocab tied-vocab share-vocabulary"),
    ("text.source.dropout=0.1", "bpe-dropout src-subword-alpha"),
    # the network
    (":a network of a usual size or of a paper is a preset: seqloom train base FILE", "arch model-type model-size a"),
    ("model.embedding=256", "embedding-size embedding-dim emb-size emb-dim embed-dim dim-emb word-vec-size "
     "encoder-embed-dim decoder-embed-dim src-word-vec-size tgt-word-vec-size"),
    ("model.hidden=256", "hidden-size hidden-dim hidden size units rnn-size dim-rnn hid-dim d-model num-units "
     "encoder-hidden-size decoder-hidden-size enc-rnn-size dec-rnn-size rnn-dim nhid"),
    ("model.encoder.layers=2 model.decoder.layers=2", "layers num-layers n-layers nlayers depth"),
    ("model.encoder.layers=2", "encoder-layers enc-layers enc-depth encoder-num-layers"),
    ("model.decoder.layers=2", "decoder-layers dec-layers dec-depth decoder-num-layers"),
    ("model.cell=gru", "cell rnn-type cell-type enc-cell dec-cell rnn unit-type rnn-cell type"),
    ("model.encoder.bidirectional=all", "bidirectional brnn encoder-bidirectional birnn encoder-type"),
    ("model.attention=additive", "attention attention-type global-attention attn attention-function"),
    ("model.attention.heads=4", "heads attention-heads num-heads encoder-attention-heads source-attention-heads"),
    ("model.decoder.attend=feed", "input-feed input-feeding decoder-attention decoder-type"),
    ("model.attention=coverage", "coverage-attn coverage"),
    ("model.dropout=0.3", "dropout drop-out dropout-rnn encoder-dropout-in decoder-dropout-in hidden-dropout"),
    ("model.embedding_dropout=0.3", "embedding-dropout emb-dropout word-dropout dropout-embeddings"),
    ("model.source_word_dropout=0.1", "dropout-src src-word-dropout"),
    ("model.target_word_dropout=0.1", "dropout-trg tgt-word-dropout"),
    ("text.shared=true model.share_embeddings=true", "share-embeddings tied-embeddings tied-embeddings-all "
     "share-all-embeddings share-decoder-embeddings share-decoder-input-output-embed tie-embeddings"),
    ("model.encoder.residual=true model.decoder.residual=true", "residual skip"),
    ("model.cell=layer_norm_lstm", "layer-normalization layer-norm"),
    # training
    ("--epochs 10", "epoch max-epochs max-epoch num-epochs n-epochs after-epochs nepochs num-train-epochs"),
    ("training.epochs=10", "epochs"),
    ("training.max_steps=5000", "max-steps max-update max-updates train-steps after-batches steps num-steps iterations "
     "total-steps after"),
    ("training.batch.sentences=64", "batch-size batchsize bs mini-batch max-sentences minibatch-size train-batch-size "
     "sents batch"),
    ("training.batch.tokens=4096", "max-tokens mini-batch-words batch-tokens token-batch-size tokens-per-batch"),
    ("training.batch.bucket=100", "maxi-batch pool-factor bucket-size"),
    ("training.accumulate=4", "accum-count update-freq optimizer-delay accumulate-grad-batches "
     "gradient-accumulation-steps grad-accum"),
    ("training.optimiser.learning_rate=0.001", "lr learning-rate learn-rate eta step-size base-lr"),
    ("training.optimiser.weight_decay=0.01", "weight-decay wd l2"),
    ("training.optimiser.clip_norm=1.0", "clip-norm max-grad-norm gradient-clip-val grad-clip clip clip-grad "
     "gradient-clipping max-gradient-norm"),
    ("training.optimiser.betas=[0.9,0.998]", "adam-betas optimizer-params beta1 beta2 adam-beta2"),
    (":there is one optimiser, AdamW: its settings are training.optimiser.*", "optim optimizer optimiser opt"),
    ("training.schedule.kind=inverse_sqrt", "lr-scheduler scheduler decay-method learning-rate-decay lr-decay "
     "lr-decay-inv-sqrt lr-schedule"),
    ("training.schedule.warmup=400", "warmup-steps warmup-updates lr-warmup warmup num-warmup-steps"),
    ("training.label_smoothing=0.1", "label-smoothing smoothing"),
    ("training.r_drop=5", "rdrop reg-alpha rdrop-alpha"),
    ("training.ema=0.999", "exponential-smoothing ema-decay average-decay ema moving-average-decay"),
    ("training.seed=2", "seed random-seed manual-seed random-state"),
    ("training.device=cuda", "gpu gpus gpu-id gpu-ids gpu-ranks cuda use-gpu use-cuda device devices accelerator d"),
    ("training.device=cpu", "cpu no-cuda no-gpu use-cpu"),
    (":several processes train one model under torchrun: torchrun --nproc-per-node 2 -m seqloom train",
     "world-size distributed-world-size num-gpus ngpus num-nodes nproc"),
    (":the number of threads is an environment variable: OMP_NUM_THREADS=2 seqloom",
     "num-threads cpu-threads workers num-workers nthreads n-jobs jobs"),
    ("training.precision=bfloat16", "precision fp16 bf16 amp mixed-precision model-dtype half"),
    ("training.selection.patience=10", "patience early-stopping early-stop early-stopping-patience "
     "early-stopping-rounds"),
    ("training.selection.metrics=[\"cer\"]", "valid-metrics early-stopping-criteria best-checkpoint-metric monitor "
     "eval-metric"),
    ("training.selection.average_best=5", "avg-checkpoint keep-best"),
    ("training.evaluate_every=500", "valid-freq valid-steps validate-interval validate-interval-updates eval-every "
     "eval-steps validation-freq steps-per-checkpoint val-check-interval"),
    ("training.checkpoint_every=500", "save-freq save-checkpoint-steps save-interval save-interval-updates save-steps "
     "checkpoint-freq"),
    ("training.keep_states=2", "keep-checkpoint keep-last-epochs keep-interval-updates save-total-limit"),
    ("training.log_every=50", "report-every disp-freq log-interval log-every logging-steps log-every-n-steps"),
    ("training.start_from=MODEL", "train-from restore-file pretrained-model finetune-from-model load checkpoint "
     "init-from load-model warm-start pre-trained resume-from-checkpoint"),
    ("training.freeze=[\"encoder\"]", "freeze freeze-encoder freeze-word-vecs-enc"),
    ("--resume", "resume-training continue continue-training resume-from"),
    ("--overwrite", "force overwrite-output-dir reinit f yes"),
    ("--output model", "save-dir output-dir out-dir save-model model-dir save model-path destdir save-data experiment "
     "log-dir out checkpoint-dir results-dir modelpath o to prediction-path output-file results-path"),
    (":a model folder is the first argument", "model path models m"),
    (":a configuration is an argument: seqloom train small.toml FILE", "config config-file c cfg preset"),
    ("--tensorboard", "tensorboard-log-dir tensorboard-logdir logger"),
    (":progress is written to standard error: 2> /dev/null hides it", "verbose quiet v q silent no-progress-bar "
     "progress-bar log-file log"),
    # answers
    ("--beam 5", "beam-size beam-width beams num-beams b k"),
    ("search.beam=5", "beam beam-size beam-width beams num-beams"),
    ("--n-best 5", "nbest num-return-sequences n nbest-size"),
    ("search.n_best=5", "n-best nbest"),
    ("search.alpha=0.6", "alpha lenpen normalize length-normalization"),
    ("search.length_penalty=gnmt", "length-penalty"),
    ("search.min_length=1", "min-length min-len"),
    ("search.max_length_ratio=2.0", "max-length-factor max-len-a max-output-length max-length max-len"),
    ("search.max_length_extra=10", "max-len-b max-length-b"),
    ("search.no_repeat_ngram=3", "block-ngram-repeat no-repeat-ngram-size"),
    ("search.allow_unknown=true", "allow-unk unkpen replace-unk"),
    ("search.shortlist=true", "shortlist"),
    ("--prefix TEXT", "prefix-size force-decoding tgt-prefix forced-prefix"),
    ("--json", "with-score report-align print-alignment print-scores format alignment attn-debug write-scores"),
    ("--min-confidence 0.9", "threshold thresh"),
    ("--metrics cer,bleu", "metric scorer scoring measure measures"),
    ("evaluation.metrics=[\"cer\"]", "metrics metric scorer"),
    ("--threads 2", "cpu-threads num-threads"),
    ("--tag TAG", "tags language lang src-prefix"),
)  # fmt: skip
"""What there is here, and the flags that mean it: an option `--name`, settings `name=value`, or after `:` a sentence.
Where several rows have a flag, the first that the command can take counts."""


def meanings() -> Mapping[str, tuple[str, ...]]:
    """For each flag, without dashes before it and with dashes inside, what it may mean here."""
    found: dict[str, tuple[str, ...]] = {}
    for meaning, flags in TABLE:
        for flag in flags.split():
            found[plain(flag)] = (*found.get(plain(flag), ()), meaning)
    return found


def plain(flag: str) -> str:
    """The name of a flag, however its dashes are typed."""
    return flag.partition("=")[0].lstrip("-").replace("_", "-").lower()


def advice(flag: str, value: str | None, command: str, options: Collection[str]) -> str | None:
    """A sentence that says what a flag of another tool is called here; None for a flag that is not known.

    `command` is its name without `seqloom`, such as `predict` or `data report`, and `options` are those it has. A
    `value` that was given is taken over.
    """
    known = meanings().get(plain(flag), ())
    for meaning in known:
        name, _, example = meaning.partition(" ")
        if meaning.startswith(":"):
            return meaning[1:]
        if meaning.startswith("--") and name in options:
            return f"the option is {name}" + (f": {name} {value or example}" if example else "")
        if meaning[0] != "-" and "--set" in options and (command in TRAINING or meaning.startswith(SHARED)):
            return _settings(meaning, value)
    settings = [meaning for meaning in known if meaning[0] != "-"]
    return f"it is a setting of training, not of this command: {_typed(settings[0], value)}" if settings else None


def _settings(meaning: str, value: str | None) -> str:
    names = [each.partition("=")[0] for each in meaning.split()]
    head = f"the setting is {names[0]}" if len(names) == 1 else f"the settings are {' and '.join(names)}"
    return f"{head}: {_typed(meaning, value)}"


def _typed(meaning: str, value: str | None) -> str:
    """Settings as they are typed; a number that was given stands in the place of the example's number."""
    typed = []
    for each in meaning.split():
        name, _, example = each.partition("=")
        shown = value if value is not None and _number(value) and _number(example) else example
        quote = "'" if any(mark in shown for mark in ';"[ ') else ""
        typed.append(f"--set {quote}{name}={shown}{quote}")
    return " ".join(typed)


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
