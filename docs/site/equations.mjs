// Renders the equations of built pages with KaTeX, so that readers' browsers need no script for them.
//
//     node equations.mjs KATEX FOLDER
//
// KATEX is the folder of the npm package. An equation that KaTeX does not take ends the run with its page and its text.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [packageFolder, site] = process.argv.slice(2);
const { default: katex } = await import(pathToFileURL(resolve(packageFolder, "dist", "katex.mjs")));
const MARKED = /<(span|div) class="arithmatex">\s*\\([([])([^]*?)\\[)\]]\s*<\/\1>/g;
const ENTITIES = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };

let count = 0;
for (const name of await readdir(site, { recursive: true })) {
  if (!name.endsWith(".html")) continue;
  const path = join(site, name);
  const page = await readFile(path, "utf8");
  const rendered = page.replace(MARKED, (_, tag, bracket, text) => {
    count += 1;
    const formula = text.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => ENTITIES[entity]);
    const displayMode = bracket === "[";
    try {
      const html = katex.renderToString(formula, { displayMode, throwOnError: true, strict: "error" });
      return `<${tag} class="arithmatex">${html}</${tag}>`;
    } catch (error) {
      console.error(`error: KaTeX does not take an equation of ${name}: ${error.message}\n${formula.trim()}`);
      process.exit(1);
    }
  });
  if (rendered.includes('class="arithmatex">\\')) {
    console.error(`error: ${name} holds an equation that was not rendered`);
    process.exit(1);
  }
  if (rendered !== page) await writeFile(path, rendered);
}

/** What search shows of a page: no TeX of displayed equations, and of those in the text no brackets. */
const readable = (value) => {
  if (typeof value === "string") return value.replace(/\\\[[^]*?\\\]/g, " ").replace(/\\\(([^]*?)\\\)/g, (_, tex) => words(tex));
  if (Array.isArray(value)) return value.map(readable);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, readable(of)]));
  return value;
};
const words = (tex) => tex.replace(/\\(?:mathrm|text|bar|tilde|hat|overrightarrow|overleftarrow)\b/g, "").replace(/[\\{}]/g, "");
for (const folder of [site, join(site, "zh")]) {
  const path = join(folder, "search.json");
  const index = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify({ ...index, items: readable(index.items) }));
}
console.log(`${count} equations rendered`);
