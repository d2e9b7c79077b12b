// What the pages of the site do beyond their theme: the language menu stays on the page, the demo has the page's colours.

const root = document.documentElement;

/** The menu of languages leads to the same page in the other language; what is in English only has none. */
function keepPage() {
  const menu = Array.from(document.querySelectorAll(".md-select__link[hreflang]"));
  const home = menu.find((link) => link.hreflang === "en");
  if (!home) return;
  const base = new URL(home.href).pathname;
  const page = location.pathname.slice(base.length).replace(/^zh\//, "");
  if (/^(source|reference\/modules)\//.test(page)) return;
  for (const link of menu) {
    const show = () => (link.href = base + (link.hreflang === "en" ? "" : `${link.hreflang}/`) + page + location.hash);
    show();
    window.addEventListener("hashchange", show);
  }
}

/** The demo is a page of its own in a frame: it takes the colours of the site, and the frame its height. */
function fitDemo(frame) {
  const fit = () => {
    const page = frame.contentDocument;
    if (!page?.body) return;
    page.documentElement.dataset.theme = document.body.dataset.mdColorScheme === "slate" ? "dark" : "light";
    frame.style.height = `${page.documentElement.offsetHeight + 4}px`;
  };
  const begin = () => {
    fit();
    new frame.contentWindow.ResizeObserver(fit).observe(frame.contentDocument.documentElement);
  };
  frame.addEventListener("load", begin);
  if (frame.contentDocument?.readyState === "complete") begin();
  new MutationObserver(fit).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
}

root.classList.add("js");
keepPage();
const frame = document.querySelector("iframe.demo");
if (frame) fitDemo(frame);
