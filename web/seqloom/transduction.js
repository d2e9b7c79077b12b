// Answers that are one short string for each symbol of a source, as seqloom.inference.transduction makes them.

import { BOS, EOS, SPECIAL_TOKENS, Tokenizer } from "./tokenizer.js";

const FORMAT = 1;

export class Transduction {
  /** From the text of transduction.target.json. */
  constructor(json) {
    const { format, tokenizer, strings } = JSON.parse(json);
    if (format !== FORMAT || !Array.isArray(strings)) {
      throw new Error(`transduction.target.json must have the format ${FORMAT} and a list of strings`);
    }
    this.tokenizer = new Tokenizer(JSON.stringify(tokenizer));
    this.strings = strings;
    this.labels = strings.map((ids) => this.tokenizer.tokens(ids).join(" ")); // what each string is, as it is shown
  }

  /** What the model reads: the ids of tags, then those of symbols with a mark before each, and before and behind all. */
  read({ ids, tokens, cut, unknown }, tags) {
    if (!ids.length) return { ids, count: 0 };
    const before = ids.slice(0, tags), symbols = ids.slice(tags);
    return {
      ids: [...before, BOS, ...symbols.flatMap((id) => [BOS, id]), BOS],
      tokens: [...tokens.slice(0, tags), SPECIAL_TOKENS[BOS], ...tokens.slice(tags), SPECIAL_TOKENS[EOS]],
      count: symbols.length + 2,
      tags,
      cut,
      unknown,
    };
  }

  /** The answer of one source from the places of its symbols' strings, their probabilities, and that of all together. */
  answer({ tokens, tags, cut, unknown }, places, probabilities, logProbability) {
    return {
      text: this.tokenizer.decode(places.flatMap((place) => this.strings[place])),
      score: logProbability,
      sourceTokens: tokens,
      targetTokens: places.map((place) => this.labels[place]),
      tokenLogProbs: probabilities.map((value) => Math.log(Math.max(value, Number.MIN_VALUE))),
      alignment: places.map((_, unit) => tokens.map((_, token) => Number(token === unit + tags))),
      cut,
      unknown,
    };
  }
}
