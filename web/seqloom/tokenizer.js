// Strings ⇄ ids, exactly as seqloom.text does it in Python. The file is Hugging Face's format below `tokenizer`;
// read here is what Seqloom writes of it: character, byte, word, BPE and unigram tokenizers.

export const PAD = 0, BOS = 1, EOS = 2, UNK = 3;
export const SPECIAL_TOKENS = ["<pad>", "<s>", "</s>", "<unk>"];
const FORMAT = 1;
const REMEMBERED = 1 << 16;

export class Tokenizer {
  /** The tokenizer that Seqloom wrote into tokenizer.json, tokenizer.source.json or tokenizer.target.json. */
  constructor(json) {
    const { seqloom: head, tokenizer: engine } = JSON.parse(json);
    if (head?.format !== FORMAT) throw new Error(`tokenizer format must be ${FORMAT}, not ${head?.format}`);
    this.kind = head.kind;
    this.tags = head.tags;
    this.reserved = SPECIAL_TOKENS.length + this.tags.length;
    this.normalize = checked(normalizer(engine.normalizer));
    this.split = splitter(engine.pre_tokenizer);
    this.join = joiner(engine.decoder);
    const { cut, pieces } = MODELS[known(engine.model.type, MODELS, "model")](engine.model);
    this.cut = cut;
    this.pieces = pieces;
    this.remembered = new Map();
  }

  get size() {
    return this.pieces.length;
  }

  /** Ids of a text, without begin or end marks. Tokens of words and subwords never cross a space. */
  encode(text) {
    if (this.kind === "character" || this.kind === "byte") return this.encodePart(text);
    return text.split(" ").flatMap((word) => {
      let ids = this.remembered.get(word);
      if (!ids) {
        ids = this.encodePart(word);
        if (this.remembered.size >= REMEMBERED) this.remembered.clear();
        this.remembered.set(word, ids);
      }
      return ids;
    });
  }

  encodePart(text) {
    return this.split([this.normalize(text)]).flatMap((part) => (part ? this.cut(part) : []));
  }

  /** Text of ids; special tokens and tags leave no trace. */
  decode(ids) {
    return this.join(ids.filter((id) => id >= this.reserved && id < this.size).map((id) => this.pieces[id]));
  }

  /** The pieces behind ids as one writes them beside an alignment. */
  tokens(ids) {
    return ids.map((id) => {
      if (id >= this.size) return SPECIAL_TOKENS[UNK];
      if (id < this.reserved) return this.pieces[id].slice(1); // spelled with a leading space, as no text token is
      return this.kind === "byte" ? this.join([this.pieces[id]]) : this.pieces[id];
    });
  }

  /** Ids of source-side tags; a tag not seen in training is unknown. */
  tagIds(tags) {
    return tags.map((tag) => {
      const place = this.tags.indexOf(tag);
      return place < 0 ? UNK : SPECIAL_TOKENS.length + place;
    });
  }
}

function known(type, table, what) {
  if (Object.hasOwn(table, type)) return type;
  throw new Error(`the tokenizer's ${what} must be one of ${Object.keys(table).join(", ")}, not ${type}`);
}

function checked(normalize) {
  return (text) => {
    if (/\p{Surrogate}/u.test(text)) throw new Error("text must be valid Unicode: lone surrogates cannot be encoded");
    return normalize(text);
  };
}

// Normalisation. White space is Unicode's, which JavaScript's \s is not; lower case is that of each character by
// itself, while toLowerCase of a whole string knows a Σ at the end of a word.

const NORMALIZERS = {
  Sequence: ({ normalizers }) => {
    const steps = normalizers.map(normalizer);
    return (text) => steps.reduce((result, step) => step(result), text);
  },
  NFC: () => (text) => text.normalize("NFC"),
  NFD: () => (text) => text.normalize("NFD"),
  NFKC: () => (text) => text.normalize("NFKC"),
  NFKD: () => (text) => text.normalize("NFKD"),
  Lowercase: () => (text) => Array.from(text, (character) => character.toLowerCase()).join(""),
  Replace: ({ pattern, content }) => {
    const expression = regex(pattern);
    return (text) => text.replace(expression, () => content);
  },
  Strip: ({ strip_left: left, strip_right: right }) => (text) => {
    const start = left ? text.replace(/^\p{White_Space}+/u, "") : text;
    return right ? start.replace(/\p{White_Space}+$/u, "") : start;
  },
};

function normalizer(values) {
  return values ? NORMALIZERS[known(values.type, NORMALIZERS, "normaliser")](values) : (text) => text;
}

function regex(pattern) {
  const source = pattern.Regex ?? pattern.String.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  return new RegExp(source.replaceAll("\\s", "\\p{White_Space}").replaceAll("\\S", "\\P{White_Space}"), "gu");
}

// Splitting: parts of a text → smaller parts.

const SPLITTERS = {
  Sequence: ({ pretokenizers }) => {
    const steps = pretokenizers.map(splitter);
    return (parts) => steps.reduce((result, step) => step(result), parts);
  },
  Split: ({ pattern, behavior }) => {
    const expression = regex(pattern);
    const kept = { Isolated: true, Removed: false }[behavior];
    if (kept === undefined) throw new Error(`the tokenizer must split by Isolated or Removed, not ${behavior}`);
    return (parts) => parts.flatMap((part) => splitAt(part, expression, kept));
  },
  Metaspace: ({ replacement, prepend_scheme: scheme, split }) => {
    if (scheme !== "always" || split) throw new Error("the tokenizer's Metaspace must be always prepended, not split");
    return (parts) =>
      parts.map((part) => {
        const text = part.replaceAll(" ", replacement);
        return text && !text.startsWith(replacement) ? replacement + text : text;
      });
  },
  ByteLevel: ({ add_prefix_space: prefix, use_regex: cuts }) => {
    if (prefix || cuts) throw new Error("the tokenizer's bytes must be taken as they are");
    return (parts) => parts.map((part) => Array.from(new TextEncoder().encode(part), (byte) => SIGNS[byte]).join(""));
  },
};

function splitter(values) {
  return values ? SPLITTERS[known(values.type, SPLITTERS, "splitter")](values) : (parts) => parts;
}

function splitAt(text, expression, kept) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(expression)) {
    if (match.index > end) parts.push(text.slice(end, match.index));
    if (kept) parts.push(match[0]);
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

/** The sign that stands for each byte: itself where it is printable, else the next from U+0100 on. */
const SIGNS = (() => {
  let next = 0x100;
  const plain = (byte) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(plain(byte) ? byte : next++));
})();

// Joining: pieces → text.

const JOINERS = {
  Fuse: () => (pieces) => pieces.join(""),
  Metaspace: ({ replacement }) => (pieces) =>
    pieces.map((piece, place) => piece.replaceAll(replacement, place ? " " : "")).join(""),
  ByteLevel: () => {
    const bytes = new Map(SIGNS.map((sign, byte) => [sign, byte]));
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    return (pieces) => decoder.decode(Uint8Array.from(Array.from(pieces.join(""), (sign) => bytes.get(sign))));
  },
};

function joiner(values) {
  return values ? JOINERS[known(values.type, JOINERS, "decoder")](values) : (pieces) => pieces.join(" ");
}

// Models: a part → ids, and the pieces in the order of their ids.

const MODELS = {
  WordLevel: ({ vocab }) => {
    const ids = new Map(Object.entries(vocab));
    return { cut: (part) => [ids.get(part) ?? UNK], pieces: inOrder(ids) };
  },
  BPE: ({ vocab, merges }) => {
    const ids = new Map(Object.entries(vocab));
    const ranks = new Map(merges.map(([left, right], rank) => [`${left} ${right}`, rank]));
    return { cut: (part) => merged(part, ranks).map((piece) => ids.get(piece) ?? UNK), pieces: inOrder(ids) };
  },
  Unigram: ({ vocab, unk_id: unknown }) => {
    const pieces = vocab.map(([piece]) => piece);
    const scores = new Map(vocab);
    const ids = new Map(pieces.map((piece, id) => [piece, id]));
    const longest = pieces.reduce((most, piece) => Math.max(most, piece.length), 1);
    const strange = vocab.reduce((least, [, score]) => Math.min(least, score), Infinity) - 10;
    return { cut: (part) => likeliest(part, scores, longest, strange).map((p) => ids.get(p) ?? unknown), pieces };
  },
};

function inOrder(ids) {
  const pieces = [];
  for (const [piece, id] of ids) pieces[id] = piece;
  return pieces;
}

/** Byte-pair encoding: the merge learnt first goes first, the leftmost of equal ones (Sennrich et al. 2016). */
function merged(part, ranks) {
  const pieces = Array.from(part);
  const rank = (place) => ranks.get(`${pieces[place]} ${pieces[place + 1]}`) ?? Infinity;
  const next = pieces.map((_, place) => rank(place));
  for (;;) {
    let best = -1;
    for (let place = 0, least = Infinity; place < next.length; place++) {
      if (next[place] < least) [best, least] = [place, next[place]];
    }
    if (best < 0) return pieces;
    pieces.splice(best, 2, pieces[best] + pieces[best + 1]);
    next.splice(best + 1, 1);
    next[best] = rank(best);
    if (best > 0) next[best - 1] = rank(best - 1);
  }
}

/** The most likely segmentation under a unigram model (Kudo 2018); unknown characters side by side are one piece. */
function likeliest(part, scores, longest, strange) {
  const best = new Array(part.length + 1);
  best[0] = { score: 0 };
  const reach = (end, start, score, strange) => {
    const total = best[start].score + score;
    if (!best[end] || total > best[end].score) best[end] = { score: total, start, strange };
  };
  for (let start = 0; start < part.length; ) {
    const width = part.codePointAt(start) > 0xffff ? 2 : 1;
    for (let end = start + width; end <= Math.min(part.length, start + longest); end++) {
      const score = scores.get(part.slice(start, end));
      if (score !== undefined) reach(end, start, score, false);
    }
    if (!scores.has(part.slice(start, start + width))) reach(start + width, start, strange, true);
    start += width;
  }
  const pieces = [];
  let fused = false;
  for (let end = part.length; end > 0; end = best[end].start) {
    const { start, strange: odd } = best[end];
    if (odd && fused) pieces[0] = part.slice(start, end) + pieces[0];
    else pieces.unshift(part.slice(start, end));
    fused = odd;
  }
  return pieces;
}
