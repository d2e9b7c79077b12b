// Strings ⇄ ids, exactly as seqloom.text does it in Python. The file is Hugging Face's format below `tokenizer`;
// read here is what Seqloom writes of it: character, byte, word, BPE and unigram tokenizers.

export const PAD = 0, BOS = 1, EOS = 2, UNK = 3;
export const SPECIAL_TOKENS = ["<pad>", "<s>", "</s>", "<unk>"];
const FORMAT = 1;
const SUBWORDS = ["bpe", "unigram"];
const REMEMBERED = 1 << 16, LONGEST = 64;

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
    const { parse, ids } = MODELS[known(engine.model.type, MODELS, "model")](engine.model);
    this.parse = parse;
    this.ids = ids;
    this.pieces = inOrder(ids);
    this.inBytes = this.kind === "byte" || (SUBWORDS.includes(this.kind) && ids.has(byteName(0)));
    this.unseen = new Set(head.unseen ?? []);
    this.write = writer(head.form);
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
        if (word.length <= LONGEST) this.remembered.set(word, ids);
      }
      return ids;
    });
  }

  encodePart(text) {
    return this.parts(text).flatMap((piece) => this.idsOf(piece));
  }

  /** The pieces of a text, known or not. */
  parts(text) {
    return this.split([this.normalize(text)]).flatMap((part) => (part ? this.parse(part) : []));
  }

  /** The ids of a piece; one without an id is unknown, or spelled in bytes where the vocabulary has them. */
  idsOf(piece) {
    const id = this.ids.get(piece);
    if (id !== undefined) return [id];
    return this.inBytes ? bytesOf(piece).map((name) => this.ids.get(name)) : [UNK];
  }

  /** The part of a text behind each unknown token among its first ids, in order. */
  behindUnknown(text, ids) {
    const count = ids.filter((id) => id === UNK).length;
    if (!count) return [];
    const strange = this.parts(text).filter((piece) => !this.ids.has(piece)).slice(0, count);
    return SUBWORDS.includes(this.kind) ? strange.map((piece) => piece.replaceAll("▁", " ")) : strange;
  }

  /** The symbols behind the first ids of a text that were never met in training, each once, in the order of the text. */
  newSymbols(text, ids) {
    const behind = this.behindUnknown(text, ids), words = this.kind === "word";
    const found = new Set(words ? behind : behind.join(""));
    if (this.unseen.size) {
      const kept = ids.filter((id) => id >= this.reserved).map((id) => this.pieces[id]);
      for (const symbol of words ? kept : this.join(kept)) {
        if (this.spelling(symbol).some((name) => this.unseen.has(name))) found.add(symbol);
      }
    }
    const normal = this.normalize(text);
    const place = (symbol) => normal.indexOf(symbol);
    return [...found].sort((one, other) => place(one) - place(other) || (one < other ? -1 : 1));
  }

  /** How a symbol is spelled by itself: as it is, or in bytes. */
  spelling(symbol) {
    const name = symbol === " " && SUBWORDS.includes(this.kind) ? "▁" : symbol;
    return this.inBytes && (this.kind === "byte" || !this.ids.has(name)) ? bytesOf(symbol) : [name];
  }

  /** Text of ids in the form of the training targets; special tokens and tags leave no trace. */
  decode(ids) {
    return this.write(this.join(ids.filter((id) => id >= this.reserved && id < this.size).map((id) => this.pieces[id])));
  }

  /** The pieces behind ids as one writes them beside an alignment. */
  tokens(ids) {
    return ids.map((id) => {
      if (id >= this.size) return SPECIAL_TOKENS[UNK];
      if (id < this.reserved) return SPECIAL_TOKENS[id] ?? tagName(this.tags[id - SPECIAL_TOKENS.length]);
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

export const tagName = (tag) => `<${tag}>`;

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
  const source = pattern.Regex ?? escaped(pattern.String);
  return new RegExp(source.replaceAll("\\s", "\\p{White_Space}").replaceAll("\\S", "\\P{White_Space}"), "gu");
}

function escaped(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
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

/** How a byte is called among subwords. */
const byteName = (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
const bytesOf = (text) => Array.from(new TextEncoder().encode(text), byteName);

// Joining: pieces → text. A decoder makes pieces of pieces; what is left is put together, words with spaces between.

const JOINERS = {
  Sequence: ({ decoders }) => {
    const steps = decoders.map((values) => JOINERS[known(values.type, JOINERS, "decoder")](values));
    return (pieces) => steps.reduce((result, step) => step(result), pieces);
  },
  Fuse: () => (pieces) => pieces,
  Metaspace: ({ replacement }) => (pieces) => pieces.map((piece, place) => piece.replaceAll(replacement, place ? " " : "")),
  ByteFallback: () => {
    const bytes = new Map(Array.from({ length: 256 }, (_, byte) => [byteName(byte), byte]));
    return (pieces) => {
      const joined = [];
      for (let start = 0, end; start < pieces.length; start = end) {
        for (end = start; end < pieces.length && bytes.has(pieces[end]); ) end++;
        if (end > start) joined.push(...spelled(pieces.slice(start, end).map((name) => bytes.get(name))));
        else joined.push(pieces[end++]);
      }
      return joined;
    };
  },
  ByteLevel: () => {
    const bytes = new Map(SIGNS.map((sign, byte) => [sign, byte]));
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    return (pieces) => [decoder.decode(Uint8Array.from(Array.from(pieces.join(""), (sign) => bytes.get(sign))))];
  },
};

function joiner(values) {
  if (!values) return (pieces) => pieces.join(" ");
  const decode = JOINERS[known(values.type, JOINERS, "decoder")](values);
  return (pieces) => decode(pieces).join("");
}

/** The text that some bytes spell; what is no text is a replacement character for each of them. */
function spelled(bytes) {
  try {
    return [new TextDecoder("utf-8", { ignoreBOM: true, fatal: true }).decode(Uint8Array.from(bytes))];
  } catch {
    return bytes.map(() => "\ufffd");
  }
}

/** Writes decoded text in the form of the training targets: Unicode form, single letters, what stands between words. */
function writer(form) {
  if (!form) return (text) => text;
  const letters = new Map(Object.entries(form.letters));
  const longest = [...letters.keys()].sort((one, other) => other.length - one.length);
  const pattern = longest.length ? new RegExp(longest.map(escaped).join("|"), "gu") : null;
  return (text) => {
    const normal = form.unicode ? text.normalize(form.unicode) : text;
    const written = pattern ? normal.replace(pattern, (letter) => letters.get(letter)) : normal;
    return form.space === " " ? written : written.replaceAll(" ", () => form.space);
  };
}

// Models: a part → pieces, and the ids of those that have one.

const MODELS = {
  WordLevel: ({ vocab }) => ({ ids: new Map(Object.entries(vocab)), parse: (part) => [part] }),
  BPE: ({ vocab, merges }) => {
    const ranks = new Map(merges.map(([left, right], rank) => [`${left} ${right}`, rank]));
    return { ids: new Map(Object.entries(vocab)), parse: (part) => merged(part, ranks) };
  },
  Unigram: ({ vocab }) => {
    const scores = new Map(vocab);
    const longest = vocab.reduce((most, [piece]) => Math.max(most, piece.length), 1);
    const strange = vocab.reduce((least, [, score]) => Math.min(least, score), Infinity) - 10;
    const ids = new Map(vocab.map(([piece], id) => [piece, id]));
    return { ids, parse: (part) => likeliest(part, scores, longest, strange) };
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
