// Predicts with the model folder of the first argument and a runtime whose graph always returns the outputs in the second
// one: those of one answer to the third, a text. The fourth is a prefix.
import { readFile } from "node:fs/promises";
import { load } from "../../web/seqloom/model.js";

const [folder, json, text, prefix = ""] = process.argv.slice(2);
const given = JSON.parse(json), steps = given.tokens.length;
const tensor = (data) => ({ data: Float32Array.from(data), dims: [1, 1, steps] });
const run = async () => {
  const tensors = Object.entries(given).map(([name, data]) => [name, tensor(data)]);
  const outputs = Object.fromEntries(tensors);
  outputs.tokens.data = BigInt64Array.from(given.tokens, BigInt);
  return outputs;
};
const runtime = { InferenceSession: { create: async () => ({ inputNames: [], run }) }, Tensor: class {} };
try {
  const model = await load(async (name) => new Uint8Array(await readFile(`${folder}/${name}`)), runtime);
  const [answer] = await model.predict([text], { prefix });
  process.stdout.write(JSON.stringify(answer));
} catch (error) {
  process.stdout.write(JSON.stringify({ error: error.message }));
}
