// Loads the model folder of the first argument with a network that answers A, B, C, ... to everything. Reads
// [[text, settings], ...] from standard input; writes the prediction of each, and how many sources the network was given.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { load } from "../../web/seqloom/model.js";

const nothing = { InferenceSession: { create: async () => ({}) }, Tensor: class {} };
const model = await load(async (name) => new Uint8Array(await readFile(`${process.argv[2]}/${name}`)), nothing);
let asked = 0;
model.search = async (sources, { n_best: count, prefix = "" }) => {
  asked += sources.length;
  const letters = [..."ABCDEFGH"].slice(0, count);
  return sources.map(() => letters.map((letter, place) => ({ text: prefix + letter, score: -1 - place, targetTokens: [letter] })));
};
const found = [];
for (const [text, settings] of JSON.parse(readFileSync(0, "utf-8"))) found.push(...(await model.predict([text], settings)));
process.stdout.write(JSON.stringify({ found, asked }));
