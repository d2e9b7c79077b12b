// A model folder → predictions, in a browser or in Node. The search is part of the graph; around it are the tokenizers.

import { Confidence } from "./confidence.js";
import { Frames } from "./frames.js";
import { Labels, labelCalibration } from "./labels.js";
import { Lexicon, knownAnswers } from "./lexicon.js";
import { withoutDefaults } from "./onnx.js";
import { Shortlist } from "./shortlist.js";
import { Tags, readWords } from "./tags.js";
import { EOS, SPECIAL_TOKENS, Tokenizer, UNK, tagName } from "./tokenizer.js";
import { Transduction } from "./transduction.js";

const FORMAT = "seqloom-model", VERSION = 2;
const TOKENS = 16_384; // padded source tokens of a batch times its beam: a bound on memory
const NOTHING = {
  text: "",
  score: 0,
  sourceTokens: [],
  targetTokens: [],
  tokenLogProbs: [],
  alignment: null,
  cut: false,
  unknown: [],
  atLimit: false,
  confidence: null,
  origin: "model",
  labels: [],
  probabilities: {},
  tags: [],
  tagProbabilities: [],
  spans: [],
  alternatives: [],
};
const GRAPHS = ["model.onnx", "model.int8.onnx"];
const LIST = "shortlist.safetensors", LEXICONS = ["exceptions", "memory"];
const CALIBRATION = "confidence.json";
const KINDS = {
  source: ["text", "words", "symbols"],
  target: ["text", "label", "labels", "tags", "frame", "transduction"],
};
const CODECS = {
  text: (json) => new Tokenizer(json),
  words: (json) => new Tokenizer(json),
  symbols: (json) => new Tokenizer(json),
  label: (json) => new Labels(json, "label"),
  labels: (json) => new Labels(json, "labels"),
  tags: (json) => new Tags(json),
  frame: (json) => new Frames(json),
  transduction: (json) => new Transduction(json),
};
const OFFSETS = { average: 0, gnmt: 5, none: 0 };
const TEXT = String.raw`"(?:[^"\\]|\\["\\bfnrt]|\\u[\da-fA-F]{4})*"`; // written alike in TOML and in JSON
const PLAIN = new RegExp(String.raw`^(\w+) = (true|false|${TEXT}|\[(?:${TEXT}(?:, ${TEXT})*)?\]|[\d.e+-]+)$`);
const RATIO = 2, EXTRA = 20; // the limit of an output's length where none was given or learned

/**
 * Loads a model.
 *
 * `read(name)` gives a file of the folder as a promise of a Uint8Array; `ort` is onnxruntime-web or onnxruntime-node;
 * `graph` is model.onnx or model.int8.onnx; by default the first that the folder has.
 */
export async function load(read, ort, { graph, session = {} } = {}) {
  const decoder = new TextDecoder();
  const manifest = JSON.parse(decoder.decode(await read("manifest.json")));
  if (manifest.format !== FORMAT || manifest.format_version !== VERSION) {
    const came = `${manifest.format} ${manifest.format_version}`;
    const hint = manifest.format_version < VERSION ? "train the model again and export it" : "take a newer page";
    throw new Error(`manifest.json must be of the format ${FORMAT} ${VERSION}, not ${came}: ${hint}`);
  }
  graph ??= GRAPHS.find((name) => name in manifest.files) ?? GRAPHS[0];
  const whole = async (name) => {
    const bytes = await read(name);
    await compare(name, bytes, manifest.files[name]);
    return bytes;
  };
  const text = async (name) => decoder.decode(await whole(name));
  const codecs = codecFiles(manifest);
  const names = Object.keys(codecs);
  const [config, bytes, ...files] = await Promise.all([text("config.toml"), whole(graph), ...names.map(text)]);
  const sides = files.map((json, place) => CODECS[codecs[names[place]]](json));
  const [source, target = source] = sides;
  const options = { logSeverityLevel: 3, ...session };
  const running = await ort.InferenceSession.create(withoutDefaults(bytes), options);
  const model = new Model(running, ort.Tensor, source, target, settingsOf(config));
  for (const name of LEXICONS) {
    const file = `${name}.jsonl`;
    if (file in manifest.files) model[name] = new Lexicon(await whole(file));
  }
  if (LIST in manifest.files) model.shortlist = new Shortlist(await whole(LIST), source.size, target.size);
  if (CALIBRATION in manifest.files) {
    const json = await text(CALIBRATION);
    model.confidence = model.labels ? labelCalibration(json) : new Confidence(json);
  }
  return model;
}

/** The files of the codecs of both sides with their kinds, one where both share it; refuses kinds that are not known. */
function codecFiles(manifest) {
  if (!manifest.codecs) { // an earlier version of Seqloom wrote the folder
    const shared = "tokenizer.json" in manifest.files;
    const files = shared ? ["tokenizer.json"] : ["tokenizer.source.json", "tokenizer.target.json"];
    return Object.fromEntries(files.map((file) => [file, "text"]));
  }
  const { source, target } = manifest.codecs;
  for (const [side, { kind }] of Object.entries({ source, target })) {
    const known = KINDS[side];
    if (!known.includes(kind)) throw new Error(`the ${side} codec must be ${known.join(" or ")}, not ${kind}: take a newer page`);
  }
  return { [source.file]: source.kind, [target.file]: target.kind };
}

export class Model {
  constructor(session, Tensor, source, target, config) {
    Object.assign(this, { session, Tensor, source, target });
    this.labels = target instanceof Labels ? target : null; // what answers are chosen from, where nothing is written
    this.frames = target instanceof Frames ? target : null; // what joins a label and the tags of the words
    this.symbols = target instanceof Transduction ? target : null; // what joins the strings of the source's symbols
    this.tagger = this.frames?.tags ?? this.symbols ?? (target instanceof Tags ? target : null); // what makes answers of parts
    this.settings = config.search; // the defaults of predict
    this.reversed = config.data?.reverse_source ?? false; // whether sources are read from their end
    this.fromEnd = config.data?.reverse_target ?? false; // whether outputs are written from their end
    this.fixedTags = config.data?.fixed_tags ?? []; // of texts that are given without tags
    this.needsTag = Boolean(config.data?.tag_from_name); // it learned a tag for each file, such as a language
    this.shortlist = null; // what a search with `shortlist` keeps to
    this.confidence = null; // how likely answers are right, where the model was calibrated
    this.exceptions = this.memory = null; // what is looked up before the network is asked
  }

  /**
   * One prediction a text, in order; an empty text gets an empty one.
   *
   * `settings` are those of Seqloom's search, by the same names: beam, n_best, length_penalty, alpha, min_length,
   * no_repeat_ngram, exhaustive, allow_unknown, max_length_ratio, max_length_extra, max_source_length, batch, shortlist,
   * known_answers; besides them `prefix`, what every output begins with, and `tags`, those of the sources. The texts of
   * an n-best list differ. `atLimit` says of an answer that it is as long as the search allows, so that it may be
   * incomplete; `confidence` is the probability that the best answer is right, or null where the model was not calibrated
   * for these settings, and with a prefix. `origin` is model, or exception or memory for an answer that was looked up,
   * whose score is the logarithm of its share of the weights and which has no target tokens and no confidence; a longer
   * list is filled up with the network's answers.
   *
   * A model that answers with labels has of these settings n_best, max_source_length, batch, known_answers and `tags`, and
   * leaves those of a search alone. Its answers have `labels` and `probabilities`, each label with its own, the most
   * probable first; they are calibrated where the model is. One that answers with tags has max_source_length, batch and
   * `tags`; its answers have a tag for each word in `tags`, with `tagProbabilities`, and the `spans` that they mark. So has
   * one that answers with frames, whose answers also have `labels` and `probabilities` of the whole text. One that answers
   * with a transduction has known_answers, too; its target tokens are the strings of the source's symbols.
   */
  async predict(texts, settings = {}) {
    if (this.tagger) return this.tag(texts, { ...this.settings, ...settings, beam: 1 });
    if (this.labels) return this.label(texts, { ...this.settings, ...settings, beam: 1 });
    const chosen = { ...this.settings, ...settings };
    if (!(chosen.beam >= 1)) throw new Error(`beam must be at least 1, not ${chosen.beam}`);
    if (!(chosen.n_best >= 1 && chosen.n_best <= chosen.beam)) {
      throw new Error(`n_best must be between 1 and the beam, ${chosen.beam}, not ${chosen.n_best}`);
    }
    if (!Object.hasOwn(OFFSETS, chosen.length_penalty)) {
      const kinds = Object.keys(OFFSETS).join(", ");
      throw new Error(`length_penalty must be one of ${kinds}, not ${chosen.length_penalty}`);
    }
    if (chosen.shortlist && !this.shortlist) {
      throw new Error("search.shortlist needs a list of candidates, and the model has none");
    }
    if (chosen.shortlist && !this.narrows) throw new Error("the graph has no inputs for search.shortlist");
    const free = !this.forced(chosen.prefix ?? "").length; // a given beginning was not chosen by the model
    const sure = free && this.confidence?.fits(chosen) ? this.confidence : null;
    const encoded = texts.map((text) => this.encode(text, chosen));
    const results = encoded.map(() => ({ ...NOTHING }));
    const known = texts.map((text) => knownAnswers(this, text, { ...chosen, tags: this.tagsOf(chosen.tags) }));
    const sizes = encoded.map(({ ids }, row) => ((known[row]?.answers.length ?? 0) < chosen.n_best ? ids.length : 0));
    for (const rows of batches(sizes, chosen)) {
      const asked = chosen.n_best > 1 ? { ...chosen, n_best: chosen.beam } : chosen; // some may be of the same text
      const found = await this.search(rows.map((row) => encoded[row].ids), asked);
      rows.forEach((row, place) => {
        const { tokens, cut, unknown } = encoded[row], texts = new Set();
        const sourceTokens = [...tokens, SPECIAL_TOKENS[EOS]];
        const different = found[place].filter(({ text }) => !texts.has(text) && texts.add(text));
        const made = different.slice(0, chosen.n_best).map((each) => ({ ...NOTHING, ...each, sourceTokens, cut, unknown }));
        const confidence = sure && made.length ? sure.of(made[0]) : null;
        results[row] = { ...made[0], confidence, alternatives: made.slice(1) };
      });
    }
    return results.map((result, row) => {
      if (!known[row]) return result;
      return lookedUp(known[row], sizes[row] ? [result, ...result.alternatives] : [], encoded[row].tokens, chosen.n_best);
    });
  }

  /** As `predict`, of a model that answers with labels. */
  async label(texts, chosen) {
    const count = chosen.n_best;
    if (!(count >= 1)) throw new Error(`n_best must be at least 1, not ${count}`);
    if (count > 1 && this.labels.several) throw new Error(`n_best must be 1 where an answer is several labels, not ${count}`);
    if (chosen.prefix) throw new Error("an answer of this model is a label, which has no beginning: leave prefix out");
    const encoded = texts.map((text) => this.encode(text, chosen));
    const results = encoded.map(() => ({ ...NOTHING }));
    const known = texts.map((text) => knownAnswers(this, text, { ...chosen, tags: this.tagsOf(chosen.tags) }));
    const sizes = encoded.map(({ ids }, row) => ((known[row]?.answers.length ?? 0) < count ? ids.length : 0));
    for (const rows of batches(sizes, chosen)) {
      const { source, lengths, width } = this.padded(rows.map((row) => encoded[row].ids));
      const outputs = await this.session.run({ source, source_lengths: this.whole(lengths, [rows.length]) });
      const size = this.labels.labels.length;
      rows.forEach((row, place) => {
        const { tokens, cut, unknown } = encoded[row], sourceTokens = [...tokens, SPECIAL_TOKENS[EOS]];
        const scores = Array.from(outputs.scores.data.subarray(place * size, (place + 1) * size));
        const seen = outputs.weights?.data.subarray(place * width, place * width + lengths[place]);
        const made = this.labels.answers(scores, { calibration: this.confidence, count }).map((each, rank) => ({
          ...NOTHING, ...each, sourceTokens, cut, unknown, targetTokens: [each.text], tokenLogProbs: [each.score],
          alignment: seen && !rank ? [Array.from(seen)] : null,
        }));
        results[row] = { ...made[0], alternatives: made.slice(1) };
      });
    }
    return results.map((result, row) => {
      if (!known[row]) return result;
      return lookedUp(known[row], sizes[row] ? [result, ...result.alternatives] : [], encoded[row].tokens, count);
    });
  }

  /** As `predict`, of a model that answers with a part for each word or symbol: tags, frames, transductions. */
  async tag(texts, chosen) {
    const what = this.symbols ? "strings" : "tags", limit = chosen.max_source_length;
    if (chosen.prefix) throw new Error(`the ${what} of this model are found together, and have no beginning: leave prefix out`);
    if (chosen.n_best > 1) throw new Error(`n_best must be 1 where all ${what} are one answer, not ${chosen.n_best}`);
    const encoded = texts.map((text) => {
      const tags = this.needed(text, chosen.tags);
      return this.symbols?.read(this.encode(text, chosen), Math.min(tags.length, limit)) ?? readWords(this.source, text, tags, limit);
    });
    const results = encoded.map(() => ({ ...NOTHING }));
    const sure = this.symbols && this.confidence?.fits({ ...chosen, beam: this.settings.beam }) ? this.confidence : null;
    const known = texts.map((text) => knownAnswers(this, text, { ...chosen, tags: this.tagsOf(chosen.tags) }));
    for (const rows of batches(encoded.map(({ ids }, row) => (known[row] ? 0 : ids.length)), chosen)) {
      const { source, lengths } = this.padded(rows.map((row) => encoded[row].ids));
      const feed = { source, source_lengths: this.whole(lengths, [rows.length]), given: this.whole([], [0, 0]) };
      const outputs = await this.session.run(feed);
      const most = Math.max(...rows.map((row) => encoded[row].count)), size = this.tagger.labels.length;
      rows.forEach((row, place) => {
        const { count } = encoded[row], first = place * most;
        const places = Array.from(outputs.tags.data.subarray(first, first + count), Number);
        const likely = places.map((tag, word) => outputs.probabilities.data[(first + word) * size + tag]);
        const answer = this.tagger.answer(encoded[row], places, likely, outputs.log_probs.data[place]);
        const labels = this.frames?.label.labels.length, begin = place * labels;
        const scores = labels && Array.from(outputs.label_scores.data.subarray(begin, begin + labels));
        results[row] = { ...NOTHING, ...(labels ? this.frames.joined(answer, scores) : answer) };
        if (sure) results[row].confidence = sure.of(results[row]);
      });
    }
    return results.map((result, row) => (known[row] ? lookedUp(known[row], [], (encoded[row].tokens ?? []).slice(0, -1), 1) : result));
  }

  /** Ids of some sources with end marks as the graph reads them, their lengths, and the longest of these. */
  padded(sources) {
    const width = Math.max(...sources.map((ids) => ids.length)) + 1;
    const source = new BigInt64Array(sources.length * width);
    sources.forEach((ids, row) => [...ids, EOS].forEach((id, place) => (source[row * width + place] = BigInt(id))));
    const lengths = sources.map((ids) => ids.length + 1);
    return { source: new this.Tensor("int64", source, [sources.length, width]), lengths, width };
  }

  /** What the model reads of a text: ids without the end mark, tags first, the end of a long text left out. */
  encode(text, { tags: given = [], max_source_length: limit }) {
    if (!/[^\p{White_Space}\x1c-\x1f]/u.test(text)) return { ids: [], tokens: [], cut: false, unknown: [] };
    const tags = this.needed(text, given);
    const whole = this.source.encode(text), before = this.source.tagIds(tags).slice(0, limit);
    const own = whole.slice(0, limit - before.length);
    const ids = [...before, ...(this.reversed ? [...own].reverse() : own)];
    const behind = this.source.behindUnknown(text, own), strange = tags.filter((_, place) => before[place] === UNK);
    const hidden = [...strange, ...(this.reversed ? behind.reverse() : behind)].values();
    const pieces = this.source.tokens(ids);
    const tokens = ids.map((id, place) => (id === UNK ? `<unk:${hidden.next().value ?? ""}>` : pieces[place]));
    const unknown = [...new Set([...strange.map(tagName), ...this.source.newSymbols(text, own)])];
    return { ids, tokens, cut: tags.length + whole.length > limit, unknown };
  }

  /** The tags of a text, which the model may need. */
  needed(text, given) {
    const tags = this.tagsOf(given);
    if (this.needsTag && !tags.length && text.trim()) {
      const known = this.source.tags.slice(0, 20).join(", ");
      throw new Error(`every input of this model needs a tag, and ${JSON.stringify(text)} has none; it knows ${known}`);
    }
    return tags;
  }

  /** The tags of a text: those that it is given with, or those that all texts without get. */
  tagsOf(given = []) {
    return given.length ? given : this.fixedTags;
  }

  async search(sources, settings) {
    const { source, lengths, width } = this.padded(sources);
    const prefix = this.forced(settings.prefix ?? "");
    const outputs = await this.session.run({
      source,
      source_lengths: this.whole(lengths, [sources.length]),
      ...this.numbers(settings),
      ...this.words(sources.map((ids) => [...ids, EOS]), prefix, settings),
    });
    const values = Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.data]));
    const [, count, steps] = outputs.tokens.dims;
    const attends = values.alignments.some((weight) => weight !== 0);
    return sources.map((ids, row) => {
      const found = [];
      for (let place = row * count; place < (row + 1) * count && values.scores[place] > -Infinity; place++) {
        const length = Number(values.lengths[place]), begin = place * steps;
        const written = Array.from(values.tokens.subarray(begin, begin + length - 1), Number);
        const weights = written.map((_, step) => {
          const start = (begin + step) * width;
          return Array.from(values.alignments.subarray(start, start + lengths[row]));
        });
        const logProbs = Array.from(values.log_probs.subarray(begin, begin + length - 1));
        if (this.fromEnd) [written, weights, logProbs].forEach((each) => each.reverse());
        found.push({
          text: this.target.decode(written),
          score: values.scores[place],
          targetTokens: [...this.target.tokens(written), SPECIAL_TOKENS[EOS]],
          tokenLogProbs: [...logProbs, values.log_probs[begin + length - 1]],
          alignment: attends ? weights : null,
          atLimit: written.length >= longest(lengths[row], prefix.length, settings),
          confidence: null, // the best answer gets one
        });
      }
      return found;
    });
  }

  /** The ids of what every output begins with; refuses what the target tokenizer cannot write as given. */
  forced(prefix) {
    if (prefix && this.fromEnd) {
      const shown = JSON.stringify(prefix);
      throw new Error(`the prefix ${shown} would come last: the model writes from right to left (data.reverse_target)`);
    }
    const ids = this.target.encode(prefix), written = this.target.decode(ids);
    if (ids.includes(UNK) || written.normalize("NFC") !== this.target.write(prefix).normalize("NFC")) {
      const shown = JSON.stringify(prefix), instead = JSON.stringify(written);
      throw new Error(`the prefix must be something that the model can write, not ${shown}: it would write ${instead}`);
    }
    return ids;
  }

  /** The settings as the graph's inputs. */
  numbers(settings) {
    const [ratio, extra] = lengthLimit(settings);
    const alpha = settings.length_penalty === "none" ? 0 : settings.alpha;
    const real = (value) => new this.Tensor("float32", Float32Array.of(value), []);
    const whole = (value) => this.whole([Number(value)], []);
    return {
      beam: whole(settings.beam),
      n_best: whole(settings.n_best),
      offset: real(OFFSETS[settings.length_penalty]),
      alpha: real(alpha),
      min_length: whole(settings.min_length),
      no_repeat_ngram: whole(settings.no_repeat_ngram),
      exhaustive: whole(settings.exhaustive),
      allow_unknown: whole(settings.allow_unknown ?? false),
      max_length_ratio: real(ratio),
      max_length_extra: whole(extra),
    };
  }

  /** What every output begins with and, where the graph asks for them, the words that it is searched among. */
  words(sources, prefix, { shortlist }) {
    const few = shortlist ? this.shortlist.words(sources, prefix) : { words: [], open: new Float32Array(0), prefix };
    const begin = few.prefix.length ? few.prefix : [0], rows = shortlist ? sources.length : 1;
    const inputs = { prefix: this.whole(begin, [1, begin.length]), prefix_lengths: this.whole([prefix.length], [1]) };
    if (!this.narrows) return inputs;
    const open = new this.Tensor("float32", few.open, [rows, few.words.length]);
    return { ...inputs, words: this.whole(few.words, [few.words.length]), open };
  }

  /** Whether the graph has inputs for a shortlist, as those of large vocabularies have. */
  get narrows() {
    return this.session.inputNames.includes("words");
  }

  whole(values, shape) {
    return new this.Tensor("int64", BigInt64Array.from(values, BigInt), shape);
  }
}

/** The ratio and the number of tokens that limit an output, whether given, learned or neither. */
function lengthLimit({ max_length_ratio: ratio, max_length_extra: extra }) {
  return [ratio === "auto" ? RATIO : ratio, extra === "auto" ? EXTRA : extra];
}

/** Most tokens of an output before its end mark, in single precision as the graph takes it. */
function longest(sourceLength, prefixLength, settings) {
  const [ratio, extra] = lengthLimit(settings);
  return Math.max(Math.trunc(Math.fround(sourceLength * Math.fround(ratio))) + extra, prefixLength);
}

/** The first known answers of a source, then the network's of other texts, `count` in all. */
function lookedUp({ origin, answers }, byNetwork, tokens, count) {
  const sourceTokens = [...tokens, SPECIAL_TOKENS[EOS]], texts = new Set(answers.map(([text]) => text));
  const first = answers.map(([text, score]) => ({ ...NOTHING, text, score, sourceTokens, origin }));
  const others = byNetwork.filter(({ text }) => !texts.has(text)).map((each) => ({ ...each, confidence: null, alternatives: [] }));
  const [best, ...alternatives] = [...first, ...others].slice(0, count);
  return { ...best, alternatives };
}

/** Rows of similar length, longest first, within the limits on sentences and tokens; those of size 0 left out. */
function* batches(sizes, { batch, beam }) {
  let rows = [...sizes.keys()].filter((row) => sizes[row]).sort((one, other) => sizes[other] - sizes[one]);
  while (rows.length) {
    const count = Math.min(batch, Math.max(1, Math.floor(TOKENS / (beam * (sizes[rows[0]] + 1)))));
    yield rows.slice(0, count);
    rows = rows.slice(count);
  }
}

/**
 * The sections of config.toml; of TOML only what Seqloom writes for `data` and `search`: a plain value a line, or a list
 * of texts.
 */
export function settingsOf(toml) {
  const sections = {};
  let section = {};
  for (const line of toml.split("\n")) {
    const header = line.match(/^\[([\w.]+)\]$/), entry = line.match(PLAIN);
    if (header) section = sections[header[1]] = {};
    else if (entry) section[entry[1]] = JSON.parse(entry[2]);
  }
  if (!sections.search) throw new Error("config.toml must have a section [search]");
  return sections;
}

/** Refuses a file that is not the one that manifest.json lists; without a secure context only its size is known. */
async function compare(name, bytes, listed) {
  if (!listed) return;
  if (bytes.length !== listed.bytes) {
    throw new Error(`${name} must have ${listed.bytes} bytes, as manifest.json says, not ${bytes.length}`);
  }
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return;
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes));
  const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hash !== listed.sha256) throw new Error(`${name} must have the hash that manifest.json lists: it was altered`);
}
