// Loads the model folder of the first argument with a runtime that looks up what a graph finds. Standard input: texts,
// settings, and for the ids of each source the outputs of the graph. Output: the predictions, or an error.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { load } from "../../web/seqloom/model.js";

const { texts, settings, outputs } = JSON.parse(readFileSync(0, "utf8"));
class Tensor {
  constructor(type, data, dims) {
    Object.assign(this, { type, data, dims });
  }
}
const run = async ({ source }) => {
  const [rows, width] = source.dims, found = [];
  for (let row = 0; row < rows; row++) {
    const ids = Array.from(source.data.subarray(row * width, (row + 1) * width), Number);
    found.push(outputs[ids.slice(0, ids.lastIndexOf(2) + 1).join(" ")]);
  }
  const most = Math.max(...found.map(({ tags }) => tags.length)), count = found[0].probabilities[0].length;
  const filled = (values, blank) => [...values, ...Array(most - values.length).fill(blank)];
  return {
    tags: { data: BigInt64Array.from(found.flatMap(({ tags }) => filled(tags, 0)), BigInt) },
    probabilities: {
      data: Float32Array.from(found.flatMap(({ probabilities }) => filled(probabilities, Array(count).fill(0)).flat())),
    },
    ...(found[0].label_scores ? { label_scores: { data: Float32Array.from(found.flatMap((each) => each.label_scores)) } } : {}),
    log_probs: { data: Float32Array.from(found.map(({ log_probs: each }) => each)) },
  };
};
const ort = { InferenceSession: { create: async () => ({ run, inputNames: ["source", "source_lengths"] }) }, Tensor };
const read = async (name) => new Uint8Array(await readFile(`${process.argv[2]}/${name}`));
try {
  const model = await load(read, ort);
  process.stdout.write(JSON.stringify({ answers: await model.predict(texts, settings) }));
} catch (error) {
  process.stdout.write(JSON.stringify({ error: error.message }));
}
