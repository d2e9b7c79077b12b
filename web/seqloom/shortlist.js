// Which target words an answer may use, as seqloom.search.shortlist does it in Python: those that go with the source's
// words, and the most frequent ones. A batch is searched in the small vocabulary of all of its sentences.

import { PAD, UNK } from "./tokenizer.js";

const BLOCK = 64, LEAST = 128; // a small vocabulary is a multiple of the one and not below the other

export class Shortlist {
  /** The list in shortlist.safetensors, for vocabularies of these sizes. */
  constructor(bytes, sourceSize, targetSize) {
    const tensors = safetensors(bytes);
    const { candidates, frequent } = tensors;
    if (candidates?.shape[0] !== sourceSize || !frequent) {
      throw new Error("shortlist.safetensors must hold candidates for each source id, and frequent words");
    }
    Object.assign(this, { width: candidates.shape[1], candidates: candidates.values, frequent: frequent.values });
    this.vocabulary = targetSize;
  }

  /**
   * The words of sources and of the prefix that all outputs begin with: target ids, special ones first, padded with 0;
   * `open`, for each source and word 0, or -∞ where it may not use it; the prefix as places among the words.
   */
  words(sources, prefix) {
    const own = sources.map((ids) => {
      const may = new Set([...Array(UNK + 1).keys(), ...this.frequent, ...prefix]);
      for (const id of ids) {
        for (const word of this.candidates.subarray(id * this.width, (id + 1) * this.width)) may.add(word);
      }
      return may;
    });
    const all = new Uint8Array(this.vocabulary);
    for (const may of own) for (const word of may) all[word] = 1;
    const found = [];
    all.forEach((used, word) => used && found.push(word));
    const size = Math.max(LEAST, Math.ceil(found.length / BLOCK) * BLOCK);
    const open = new Float32Array(sources.length * size).fill(-Infinity);
    own.forEach((may, row) => found.forEach((word, place) => may.has(word) && (open[row * size + place] = 0)));
    const places = new Map(found.map((word, place) => [word, place]));
    const padding = Array(size - found.length).fill(PAD);
    return { words: [...found, ...padding], open, prefix: prefix.map((id) => places.get(id)) };
  }
}

/** Tensors of int32 by name: a length of 8 bytes, a JSON header, values. */
function safetensors(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const begin = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, begin)));
  delete header.__metadata__;
  return Object.fromEntries(
    Object.entries(header).map(([name, { dtype, shape, data_offsets: [from, to] }]) => {
      if (dtype !== "I32") throw new Error(`shortlist.safetensors: ${name} must be int32, not ${dtype}`);
      return [name, { shape, values: new Int32Array(bytes.slice(begin + from, begin + to).buffer) }];
    }),
  );
}
