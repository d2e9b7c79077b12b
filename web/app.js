// The page: a model is chosen and loaded, lines are answered, answers are shown.

import { Client } from "./client.js";
import { drawMap } from "./heatmap.js";

const at = (id) => document.getElementById(id);
const address = new URL(location.href);
const NUMBERS = ["beam", "n_best", "alpha", "min_length", "no_repeat_ngram"];
const ORIGINS = { exception: "This answer is one of the model's exceptions.", memory: "This answer was memorised from training pairs." };
const DRAWN = 1000; // lines of the list that are shown

const client = new Client(({ label, size }) => say(`Reading ${label}: ${megabytes(size)}`));
let models = []; // {name, folder, graphs}, or {name, files, graphs} of this device
let measure = null; // what the confidence of the loaded model is about
let loading = 0; // the number of the newest load: what an older one says is late

at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  predict();
});
at("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("form").requestSubmit();
});
at("beam").addEventListener("input", () => (at("n_best").max = at("beam").value));
at("model").addEventListener("change", () => choose(models[at("model").selectedIndex]));
at("weights").addEventListener("change", () => choose(models[at("model").selectedIndex], at("weights").value));
at("open").addEventListener("click", () => at("files").click());
at("files").addEventListener("change", ({ target }) => {
  const files = Array.from(target.files);
  if (!files.length) return;
  const name = files[0].webkitRelativePath.split("/")[0] || "a folder";
  offer({ name, files: files.filter((file) => file.webkitRelativePath.split("/").length <= 2), graphs: graphsOf(files) });
  target.value = "";
});

at("text").value = address.searchParams.get("text") ?? "";
begin();

/** Reads the list of models beside the page, and takes the one that the address names, or the first. */
async function begin() {
  const listed = await fetch("models.json").then((answer) => (answer.ok ? answer.json() : []), () => []);
  models = listed.map((model) => ({ ...model, folder: folder(model.folder) }));
  const wanted = address.searchParams.get("model");
  const found = wanted ? models.find((model) => model.folder === folder(wanted) || model.name === wanted) : models[0];
  list();
  if (found) choose(found, address.searchParams.get("graph") ?? undefined);
  else if (wanted) {
    const graph = address.searchParams.get("graph") ?? "model.onnx";
    offer({ name: wanted.replace(/\/+$/, "").split("/").pop(), folder: folder(wanted), graphs: [graph] });
  } else say("Choose a model: ?model=FOLDER in the address, or a folder of this device.");
}

function offer(model) {
  models.push(model);
  list();
  choose(model);
}

function list() {
  at("model").replaceChildren(...models.map(({ name }) => new Option(name)));
  at("model").disabled = !models.length;
}

async function choose(model, graph = model.graphs[0] ?? "model.onnx") {
  const number = ++loading;
  at("model").selectedIndex = models.indexOf(model);
  at("weights").hidden = at("weights-label").hidden = model.graphs.length < 2;
  at("weights").value = graph;
  at("predict").disabled = true;
  at("results").hidden = at("loaded").hidden = true;
  fail("");
  say(`Loading ${model.name} …`);
  try {
    const { folder, files } = model;
    const loaded = await client.load({ folder, files, graph });
    if (number !== loading) return;
    if (folder) {
      address.searchParams.set("model", folder);
      address.searchParams.set("graph", graph);
      history.replaceState(null, "", address);
    }
    take(loaded);
    if (at("text").value.trim()) predict();
  } catch (error) {
    if (number === loading) fail(error.message);
  }
}

/** The settings of a loaded model, and what loading it took. */
function take({ settings, tags, needsTag, sizes, runtime, milliseconds, kinds, measure: about }) {
  measure = about;
  for (const name of [...NUMBERS, "length_penalty"]) at(name).value = settings[name];
  at("n_best").value = Math.max(settings.n_best, Math.min(settings.beam, 5));
  at("n_best").max = settings.beam;
  at("tags-label").hidden = !tags.length;
  if (needsTag) at("tags").closest("details").open = true;
  at("tags").value = "";
  at("tags").placeholder = tags.slice(0, 3).join("; ");
  const sum = Object.values(sizes).reduce((one, other) => one + other, 0);
  const said = `model ${megabytes(sum)} in ${time(milliseconds)}, runtime ${megabytes(runtime.bytes)}`;
  say(`Ready: ${said}`);
  at("loaded").querySelector("summary").textContent = `Loaded: ${said}; tokens: ${kinds.join(" → ")}`;
  const rows = [["onnxruntime-web", runtime.bytes], ...Object.entries(sizes)].map(([name, size]) => {
    const row = document.createElement("tr");
    row.append(cell(name), cell(megabytes(size)));
    return row;
  });
  at("loaded").querySelector("tbody").replaceChildren(...rows);
  at("loaded").hidden = false;
  at("predict").disabled = false;
}

async function predict() {
  if (at("predict").disabled) return;
  const texts = at("text").value.split(/\r?\n/).filter((line) => line.trim());
  if (!texts.length) return say("Write something first.");
  const settings = Object.fromEntries(NUMBERS.map((name) => [name, at(name).valueAsNumber]));
  Object.assign(settings, { length_penalty: at("length_penalty").value, prefix: at("prefix").value });
  settings.tags = at("tags").value.split(";").map((tag) => tag.trim()).filter(Boolean);
  settings.n_best = Math.min(settings.n_best, settings.beam);
  const number = loading;
  at("predict").disabled = true;
  fail("");
  say("Searching …");
  try {
    const { predictions, milliseconds } = await client.predict(texts, settings);
    if (number !== loading) return;
    const each = texts.length > 1 ? `, ${time(milliseconds / texts.length)} each` : "";
    say(`${texts.length} ${texts.length > 1 ? "lines" : "line"} in ${time(milliseconds)}${each}`);
    show(texts, predictions);
  } catch (error) {
    if (number === loading) fail(error.message);
  } finally {
    if (number === loading) at("predict").disabled = false;
  }
}

function show(texts, predictions) {
  const lines = predictions.slice(0, DRAWN).map((prediction, place) => {
    const button = document.createElement("button");
    button.type = "button";
    for (const text of [texts[place], named(prediction)]) {
      const part = button.appendChild(document.createElement("span"));
      [part.textContent, part.dir] = [text, "auto"];
    }
    button.addEventListener("click", () => {
      for (const other of at("lines").querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
      button.setAttribute("aria-current", "true");
      detail(prediction);
    });
    return button;
  });
  at("lines").replaceChildren(...lines.map((button) => {
    const item = document.createElement("li");
    item.append(button);
    return item;
  }));
  at("lines").hidden = lines.length < 2;
  at("results").hidden = false;
  lines[0].click();
}

/** One line's answers, best first, and the map of the chosen one. */
function detail(prediction) {
  const answers = [prediction, ...prediction.alternatives];
  const rows = answers.map((answer, rank) => {
    const row = document.createElement("tr"), label = document.createElement("label"), radio = document.createElement("input");
    const text = document.createElement("span");
    Object.assign(radio, { type: "radio", name: "answer", checked: !rank });
    radio.addEventListener("change", () => chosen(answer));
    [text.textContent, text.dir] = [named(answer), "auto"];
    label.append(radio, text);
    const first = row.insertCell();
    first.append(label);
    row.append(cell(answer.score.toFixed(4)), cell(answer.origin === "model" ? String(Math.max(0, answer.targetTokens.length - 1)) : ""));
    return row;
  });
  at("n-best").tBodies[0].replaceChildren(...rows);
  at("cut").hidden = !prediction.cut;
  at("confidence").hidden = prediction.confidence === null;
  at("confidence").textContent = sure(prediction);
  at("unknown").hidden = !prediction.unknown.length;
  at("unknown").textContent = `The model never met these symbols of the input: ${prediction.unknown.join(" ")}`;
  chosen(prediction);
}

function chosen(answer) {
  at("best").textContent = named(answer);
  at("at-limit").hidden = !answer.atLimit;
  at("origin").hidden = answer.origin === "model";
  at("origin").textContent = ORIGINS[answer.origin] ?? "";
  drawMap(at("map"), answer);
}

function cell(text) {
  const made = document.createElement("td");
  made.textContent = text;
  return made;
}

function graphsOf(files) {
  const names = files.map((file) => file.name);
  return ["model.onnx", "model.int8.onnx"].filter((name) => names.includes(name));
}

/** The confidence in words. */
function sure({ confidence }) {
  const percent = (100 * confidence).toFixed(1);
  return measure === "exact_match" ? `Right with a probability of ${percent} %` : `Expected ${measure}: ${percent}`;
}

const named = ({ text }) => text || "(empty)";

const say = (text) => (at("status").textContent = text);

function fail(text) {
  at("failure").textContent = text;
  at("failure").hidden = !text;
  if (text) say("");
}

const folder = (path) => new URL(path.replace(/\/*$/, "/"), location.href).href;
const megabytes = (bytes) => (bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
const time = (milliseconds) => (milliseconds < 1000 ? `${milliseconds.toFixed(1)} ms` : `${(milliseconds / 1000).toFixed(2)} s`);
