// Elements without markup: texts become text nodes, addresses are checked, foreign HTML is rebuilt from an allowed few tags.
const policy = globalThis.trustedTypes?.createPolicy("heidi", {
  createHTML: (html) => html, // only ever given to an inert document, from which richText takes what is allowed
  createScriptURL: (url) => (url === "sw.js" ? url : ""),
});
const SVG = "http://www.w3.org/2000/svg";
const SCHEMES = new Set(["http:", "https:", "mailto:", "tel:", "geo:"]);
const TAGS = new Set(["A", "B", "BLOCKQUOTE", "BR", "EM", "H3", "H4", "I", "LI", "OL", "P", "STRONG", "UL"]);

export const scriptUrl = (url) => policy?.createScriptURL(url) ?? url;

export function safeUrl(url, base) {
  if (typeof url !== "string" || url === "") return null;
  if (url.startsWith("#")) return url;
  try {
    const found = new URL(url, base || document.baseURI);
    return SCHEMES.has(found.protocol) ? found.href : null;
  } catch {
    return null;
  }
}

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...nodes(children));
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (typeof value === "function") element.addEventListener(name, value);
  else if (name === "href" || name === "src") {
    const url = safeUrl(value);
    if (url) element.setAttribute(name, url);
  } else element.setAttribute(name, value === true ? "" : String(value));
}

export const nodes = (children) => children.flat(Infinity)
  .filter((child) => child !== null && child !== undefined && child !== false && child !== "")
  .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...nodes(children));
  return element;
}

export function richText(html) {
  const source = String(html ?? "");
  if (!/[<&]/.test(source)) return h("p", {}, source);
  const inert = new DOMParser().parseFromString(policy?.createHTML(source) ?? source, "text/html");
  return h("div", { class: "rich" }, copy(inert.body));
}

function copy(parent) {
  return [...parent.childNodes].flatMap((node) => {
    if (node.nodeType === Node.TEXT_NODE) return [node.data];
    if (node.nodeType !== Node.ELEMENT_NODE || ["SCRIPT", "STYLE", "TEMPLATE"].includes(node.tagName)) return [];
    if (!TAGS.has(node.tagName)) return copy(node);
    const link = node.tagName === "A" ? { href: node.getAttribute("href"), rel: "noopener noreferrer nofollow" } : {};
    return [h(node.tagName.toLowerCase(), link, copy(node))];
  });
}
