// Answers that are known before the network is asked, looked up as seqloom.lexicon does it in Python.

const FORMAT = 1;
const SPACE = /[\p{White_Space}\x1c-\x1f]+/u;

export class Lexicon {
  /** The lexicon in the bytes of exceptions.jsonl or memory.jsonl; they are taken apart at the first lookup. */
  constructor(bytes) {
    this.bytes = bytes;
    this.entries = null;
  }

  /**
   * {answers: [[text, log share], ...]} of a source with these tags, heaviest first, or null.
   *
   * A source is looked up as it is written, then in lower case, then as the only spelling that differs in case alone;
   * a lexicon that matches case looks it up as it is written.
   */
  find(text, tags = []) {
    this.entries ??= this.read();
    const written = inOneForm(text), lower = written.toLowerCase();
    const spellings = this.entries.get(JSON.stringify([lower, tags]));
    if (!spellings) return null;
    if (spellings.has(written)) return spellings.get(written);
    if (this.matchCase) return null;
    if (spellings.has(lower)) return spellings.get(lower);
    return spellings.size === 1 ? spellings.values().next().value : null;
  }

  read() {
    const [head, ...lines] = new TextDecoder().decode(this.bytes).trimEnd().split("\n");
    const { format, match_case: matchCase } = JSON.parse(head);
    if (format !== FORMAT) throw new Error(`a lexicon must be of the format ${FORMAT}, not ${format}: take a newer page`);
    this.matchCase = matchCase;
    this.bytes = null;
    const entries = new Map();
    for (const [lower, tags, source, given] of JSON.parse(`[${lines.join(",")}]`)) {
      const place = JSON.stringify([lower, tags]);
      if (!entries.has(place)) entries.set(place, new Map());
      const sum = given.reduce((total, [, weight]) => total + weight, 0);
      entries.get(place).set(source, { answers: given.map(([text, weight]) => [text, Math.log(weight / sum)]) });
    }
    return entries;
  }
}

/** The known answers of a source that begin with a prefix: {origin, answers}, exceptions first, or null. */
export function knownAnswers({ exceptions, memory }, text, { known_answers: which = "all", tags = [], prefix = "" }) {
  if (!["all", "exceptions", "none"].includes(which)) {
    throw new Error(`known_answers must be one of all, exceptions, none, not ${which}`);
  }
  const asked = { all: { exception: exceptions, memory }, exceptions: { exception: exceptions }, none: {} }[which];
  const begin = prefix.normalize("NFC");
  for (const [origin, lexicon] of Object.entries(asked)) {
    const found = lexicon?.find(text, tags)?.answers ?? [];
    const answers = found.filter(([answer]) => answer.normalize("NFC").startsWith(begin));
    if (answers.length) return { origin, answers };
  }
  return null;
}

/** A text in Unicode's form NFC, with single spaces and none at either end. */
function inOneForm(text) {
  return text.normalize("NFC").split(SPACE).filter(Boolean).join(" ");
}
