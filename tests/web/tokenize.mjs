// Reads {tokenizer, texts} from standard input; writes what the page's tokenizer makes of them.
import { readFileSync } from "node:fs";
import { Tokenizer } from "../../web/seqloom/tokenizer.js";

const cases = JSON.parse(readFileSync(0, "utf-8"));
const answers = cases.map(({ tokenizer: json, texts, tags }) => {
  const tokenizer = new Tokenizer(json);
  const encoded = texts.map((text) => tokenizer.encode(text));
  return {
    size: tokenizer.size,
    encoded,
    decoded: encoded.map((ids) => tokenizer.decode([0, 1, ...ids, 2, 3])),
    tokens: encoded.map((ids) => tokenizer.tokens([...ids, 2, tokenizer.size])),
    tags: tokenizer.tagIds(tags),
    behind: encoded.map((ids, place) => tokenizer.behindUnknown(texts[place], ids)),
    unknown: encoded.map((ids, place) => tokenizer.newSymbols(texts[place], ids)),
    beginnings: encoded.map((ids, place) => tokenizer.newSymbols(texts[place], ids.slice(0, 5))),
  };
});
process.stdout.write(JSON.stringify(answers));
