// Loads the model folder of the first argument with a runtime that computes nothing; writes what was read of it.
import { readFile } from "node:fs/promises";
import { load } from "../../web/seqloom/model.js";

const nothing = { InferenceSession: { create: async () => ({}) }, Tensor: class {} };
const read = async (name) => new Uint8Array(await readFile(`${process.argv[2]}/${name}`));
try {
  const { settings, reversed, source, target } = await load(read, nothing);
  process.stdout.write(JSON.stringify({ settings, reversed, sizes: [source.size, target.size] }));
} catch (error) {
  process.stdout.write(JSON.stringify({ error: error.message }));
}
