// Attention as a table: source tokens along the top, target tokens down the side, a stronger colour for a larger weight.

const CELLS = 12_000; // more are not drawn: a page would slow down
const SHOWN = { " ": "␣", "\n": "↵", "\r": "␍", "\t": "⇥", "": "∅" };

/** Fills a figure with the map of a prediction, or says why there is none. */
export function drawMap(figure, prediction) {
  figure.replaceChildren();
  const { alignment, sourceTokens, targetTokens, tokenLogProbs } = prediction;
  const caption = figure.appendChild(element("figcaption"));
  if (prediction.origin !== "model") {
    caption.textContent = "This answer was looked up and not written by the network, so there is no map.";
    return;
  }
  if (!alignment) {
    caption.textContent = "This model attends to nothing, so there is no map.";
    return;
  }
  if (!alignment.length) {
    caption.textContent = "The answer is empty, so there is no map.";
    return;
  }
  const columns = Math.min(sourceTokens.length, 300);
  const rows = Math.min(alignment.length, Math.max(1, Math.floor(CELLS / columns)));
  const whole = rows === alignment.length && columns === sourceTokens.length;
  caption.textContent =
    "Attention: how much each token of the answer (rows) looked at each token of the text (columns)" +
    (whole ? "." : `; of ${alignment.length} × ${sourceTokens.length} the first ${rows} × ${columns}.`);
  const largest = Math.max(...alignment.flat());
  const scroll = figure.appendChild(element("div", "scroll"));
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Attention map");
  const table = scroll.appendChild(element("table", "heat"));
  const labels = sourceTokens.slice(0, columns).map(readable);
  table.style.setProperty("--columns", columns);
  head(table.createTHead().insertRow(), labels);
  const body = table.createTBody();
  for (let row = 0; row < rows; row++) {
    const line = body.insertRow();
    const name = line.appendChild(element("th"));
    [name.scope, name.dir] = ["row", "auto"];
    name.append(...marked(readable(targetTokens[row])));
    for (let column = 0; column < columns; column++) {
      const weight = alignment[row][column], cell = line.insertCell();
      cell.className = "weight";
      cell.style.setProperty("--w", (weight / largest).toFixed(4));
      cell.setAttribute("aria-label", weight.toFixed(4));
      Object.assign(cell.dataset, { row, column });
    }
    const sure = line.insertCell();
    [sure.className, sure.textContent] = ["sure", percent(Math.exp(tokenLogProbs[row]))];
  }
  legend(figure, table, largest, (row, column) => {
    const weight = alignment[row][column].toFixed(3);
    return `${readable(targetTokens[row])} looked at ${labels[column]}: ${weight}`;
  });
}

function head(row, labels) {
  row.appendChild(element("td"));
  for (const label of labels) {
    const cell = row.appendChild(element("th"));
    cell.scope = "col";
    cell.appendChild(element("span", wide(label) ? "long" : "")).append(...marked(label));
  }
  const last = row.appendChild(element("th", "sure"));
  [last.scope, last.textContent, last.title] = ["col", "p", "probability of the token"];
}

function legend(figure, table, largest, say) {
  const line = figure.appendChild(element("div", "legend"));
  line.append("0", element("i"), largest.toFixed(2));
  const output = line.appendChild(element("output"));
  output.setAttribute("aria-live", "off");
  let picked = null;
  const pick = ({ target }) => {
    if (!target.matches("td.weight")) return;
    picked?.classList.remove("picked");
    picked = target;
    picked.classList.add("picked");
    output.textContent = say(Number(target.dataset.row), Number(target.dataset.column));
  };
  table.addEventListener("pointerover", pick);
  table.addEventListener("click", pick);
}

/** Whether a label is turned to stand over its column. */
const wide = (label) => Array.from(label).length > (label.startsWith("▁") ? 1 : 2);

/** A label whose sign for a space stands back. */
function marked(label) {
  if (!label.startsWith("▁")) return [label];
  const sign = element("span", "space");
  sign.textContent = "▁";
  return [sign, label.slice(1)];
}

/** A token with signs for what would be invisible. */
const readable = (token) => SHOWN[token] ?? token;

const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;

function element(name, className = "") {
  const made = document.createElement(name);
  made.className = className;
  return made;
}
