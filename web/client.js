// The page's side of worker.js.

export class Client {
  /** `onProgress({label, size})` hears of files as they are read. */
  constructor(onProgress = () => {}) {
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.waiting = new Map();
    this.count = 0;
    this.worker.onmessage = ({ data }) => {
      if (data.progress) return onProgress(data.progress);
      const { resolve, reject } = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.error === undefined) resolve(data.value);
      else reject(new Error(data.error));
    };
    this.worker.onerror = (event) => {
      const error = new Error(`worker.js could not be run: ${event.message ?? "is the folder ort beside it? (make web)"}`);
      for (const { reject } of this.waiting.values()) reject(error);
      this.waiting.clear();
      this.broken = error;
    };
  }

  /** {folder, graph} or {files, graph} → what was loaded: sizes, milliseconds, settings, tags, needsTag, kinds. */
  load(given) {
    return this.ask("load", given);
  }

  /** → predictions, one a text, and milliseconds. */
  predict(texts, settings) {
    return this.ask("predict", { texts, settings });
  }

  ask(name, given) {
    if (this.broken) return Promise.reject(this.broken);
    return new Promise((resolve, reject) => {
      this.waiting.set(++this.count, { resolve, reject });
      this.worker.postMessage({ id: this.count, name, given });
    });
  }
}
