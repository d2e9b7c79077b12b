// Loads the model folder of the first argument with a runtime that computes nothing; writes what was read of it, and
// the ids of the other arguments: a text, then its tags.
import { readFile } from "node:fs/promises";
import { load } from "../../web/seqloom/model.js";

const nothing = { InferenceSession: { create: async () => ({}) }, Tensor: class {} };
const read = async (name) => new Uint8Array(await readFile(`${process.argv[2]}/${name}`));
try {
  const model = await load(read, nothing);
  const { settings, reversed, source, target } = model;
  const [text = "", ...tags] = process.argv.slice(3);
  const measure = model.confidence?.measure ?? null;
  const encoded = model.encode(text, { ...settings, tags });
  process.stdout.write(JSON.stringify({ settings, reversed, sizes: [source.size, target.size], measure, encoded }));
} catch (error) {
  process.stdout.write(JSON.stringify({ error: error.message }));
}
