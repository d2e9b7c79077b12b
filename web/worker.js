// The model, off the page's thread: a request {id, name, given} is answered by {id, value} or {id, error}.

import * as ort from "./ort/ort.wasm.bundle.min.mjs";
import { load } from "./seqloom/model.js";

const WASM = new URL("./ort/ort-wasm-simd-threaded.wasm", import.meta.url);
let runtime = null; // {bytes, milliseconds} of what is loaded once
let model = null;

/** A file's bytes as they come, with a message for each part. */
async function download(url, label) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} must be there, but the server answers ${response.status}`);
  const parts = [];
  const reader = response.body.getReader();
  for (let size = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
    parts.push(value);
    size += value.length;
    postMessage({ progress: { label, size } });
  }
}

async function start() {
  const begin = performance.now();
  const wasmBinary = await download(WASM, "onnxruntime-web");
  ort.env.wasm.wasmBinary = wasmBinary;
  ort.env.wasm.numThreads = 1; // more need a page that is isolated by its server's headers, and gain little
  ort.env.logLevel = "error";
  return { bytes: wasmBinary.length, milliseconds: performance.now() - begin };
}

const answers = {
  /** Loads a model from the address of its folder, or from files that the user has chosen. */
  async load({ folder, files, graph }) {
    runtime ??= start();
    runtime.catch(() => (runtime = null)); // so that the next load tries again
    await runtime;
    const sizes = {};
    const byName = new Map((files ?? []).map((file) => [file.name, file]));
    const read = async (name) => {
      if (files && !byName.has(name)) throw new Error(`the folder must hold ${name}${hint(name)}`);
      const bytes = files
        ? new Uint8Array(await byName.get(name).arrayBuffer())
        : await download(new URL(name, folder), name).catch((error) => {
            throw new Error(`${error.message}${hint(name)}`);
          });
      sizes[name] = bytes.length;
      return bytes;
    };
    const begin = performance.now();
    const loaded = await load(read, ort, { graph });
    await model?.session.release();
    model = loaded;
    return {
      sizes,
      runtime: await runtime,
      milliseconds: performance.now() - begin,
      settings: model.settings,
      tags: model.source.tags,
      needsTag: model.needsTag && !model.fixedTags.length,
      measure: model.confidence?.measure,
      kinds: [model.source.kind, model.target.kind ?? "labels"],
    };
  },

  async predict({ texts, settings }) {
    const begin = performance.now();
    const predictions = await model.predict(texts, settings);
    return { predictions, milliseconds: performance.now() - begin };
  },
};

const hint = (name) => (name.endsWith(".onnx") ? " (hint: seqloom export writes it)" : "");

let last = Promise.resolve(); // requests are answered one after the other
onmessage = ({ data: { id, name, given } }) => {
  last = last.then(() => answers[name](given)).then(
    (value) => postMessage({ id, value }),
    (error) => postMessage({ id, error: error.message ?? String(error) }),
  );
};
