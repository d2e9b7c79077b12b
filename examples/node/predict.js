// node predict.js MODEL [beam] [graph]: answers each line of standard input, with its score, two further answers, and
// the token that each of its own looked at most.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { load } from "../../web/seqloom/model.js";
import { lines } from "./lines.js";

const [folder, beam = 5, graph] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node predict.js MODEL [beam] [model.int8.onnx] < lines");
  process.exit(2);
}

// the folder is all that is needed: manifest.json, config.toml, tokenizer*.json, model.onnx or model.int8.onnx
const read = async (name) => new Uint8Array(await readFile(join(folder, name)));
const model = await load(read, ort, { graph, session: { intraOpNumThreads: 1 } });

for await (const line of lines(process.stdin)) {
  const [answer] = await model.predict([line], { beam: Number(beam), n_best: Math.min(3, beam) });
  console.log(`${answer.score.toFixed(4)}\t${answer.text}`);
  for (const other of answer.alternatives) console.log(`  ${other.score.toFixed(4)}\t${other.text}`);
  const looks = (answer.alignment ?? []).map((weights, place) => {
    const most = weights.indexOf(Math.max(...weights));
    return `${answer.targetTokens[place]}←${answer.sourceTokens[most]}`;
  });
  if (looks.length) console.log(`  ${looks.join(" ")}`);
}
