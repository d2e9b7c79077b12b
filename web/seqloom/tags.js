// Answers that are a tag for each word: what a graph finds → tags and spans, as seqloom.inference.tags makes them.

import { BOS, UNK, tagName } from "./tokenizer.js";

const FORMAT = 1, OUTSIDE = "O";
const FORM = /^([BIES])-(.+)$/s;
const SPACES = /[ \t\n\r\f\v]+/;

export class Tags {
  /** From the text of labels.target.json of a model of tags. */
  constructor(json) {
    const { format, labels } = JSON.parse(json);
    if (format !== FORMAT || !Array.isArray(labels) || labels.length < 2) {
      throw new Error(`labels.target.json must have the format ${FORMAT} and at least two tags`);
    }
    const prefixes = new Set(labels.map((tag) => cut(tag)[0]));
    this.labels = labels;
    this.spans = !prefixes.has("") && ["B", "I", "E", "S"].some((prefix) => prefixes.has(prefix));
    this.outside = labels.includes(OUTSIDE) ? OUTSIDE : labels[0];
  }

  /** The answer of one source from the places of its words' tags, their probabilities, and that of all together. */
  answer({ words, cut, unknown }, places, probabilities, logProbability) {
    const lost = words.length - places.length;
    const tags = [...places.map((place) => this.labels[place]), ...Array(lost).fill(this.outside)];
    const sure = [...probabilities, ...Array(lost).fill(0)];
    const spans = this.spans ? spansOf(tags) : [];
    return {
      text: tags.join(" "),
      score: logProbability,
      tags,
      tagProbabilities: sure,
      spans: spans.map(({ type, start, end }) => ({
        type, start, end, text: words.slice(start, end).join(" "), probability: Math.min(...sure.slice(start, end)),
      })),
      sourceTokens: words,
      targetTokens: tags,
      tokenLogProbs: sure.map((value) => Math.log(Math.max(value, Number.MIN_VALUE))),
      cut,
      unknown,
    };
  }
}

/** The words of a text: what stands between ASCII white space. */
export const wordsOf = (text) => text.split(SPACES).filter(Boolean);

/** What the model reads of a text: the ids of its tags, then a begin mark and the ids of each word; whole words only. */
export function readWords(tokenizer, text, tags, limit) {
  const words = wordsOf(text);
  if (!words.length) return { ids: [], words, count: 0, cut: false, unknown: [] };
  const before = tokenizer.tagIds(tags).slice(0, limit - 1), ids = [...before];
  const unknown = new Set(tags.filter((_, place) => before[place] === UNK).map(tagName));
  let count = 0;
  for (const word of words) {
    const own = tokenizer.encode(word);
    if (count && ids.length + 1 + own.length > limit) break;
    ids.push(BOS, ...own);
    for (const symbol of tokenizer.newSymbols(word, own)) unknown.add(symbol);
    count += 1;
  }
  const cut = count < words.length || ids.length > limit || before.length < tags.length;
  return { ids: ids.slice(0, limit), words, count, cut, unknown: [...unknown] };
}

/** The spans in the tags of one text, as conlleval reads them; `end` is the place after the last word. */
export function spansOf(tags) {
  const found = [];
  let begun = 0, before = OUTSIDE, kind = "";
  [...tags, OUTSIDE].forEach((tag, place) => {
    const known = cut(tag), [prefix, own] = known[0] ? known : [OUTSIDE, ""];
    const changes = own !== kind;
    if (before !== OUTSIDE && ("ES".includes(before) || ["B", "S", OUTSIDE].includes(prefix) || changes)) {
      found.push({ type: kind, start: begun, end: place });
    }
    if (["B", "S"].includes(prefix) || (prefix !== OUTSIDE && (changes || ["E", "S", OUTSIDE].includes(before)))) begun = place;
    [before, kind] = [prefix, own];
  });
  return found;
}

/** The prefix of a tag and its type; the prefix is empty where the tag is of no scheme. */
function cut(tag) {
  if (tag === OUTSIDE) return [OUTSIDE, ""];
  const found = tag.match(FORM);
  return found ? [found[1], found[2]] : ["", tag];
}
