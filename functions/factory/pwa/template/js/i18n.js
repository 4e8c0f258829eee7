// Sentences in the chosen language, and numbers, times and distances as its readers write them.
const KEY = "heidi-language";
let texts = {};
let current = { tag: "de", dir: "ltr" };

export const language = () => current.tag;

export async function useLanguage(languages, wanted) {
  const tags = [wanted, remembered(), ...navigator.languages].filter(Boolean).map((tag) => tag.toLowerCase().split("-")[0]);
  const known = tags.map((tag) => (tag === "no" ? "nb" : tag)).map((tag) => languages.find((one) => one.tag === tag));
  current = known.find(Boolean) || languages[0];
  const response = await fetch("texts/" + current.tag + ".json");
  texts = await response.json();
  document.documentElement.lang = current.tag;
  document.documentElement.dir = current.dir;
  if (wanted) remember(current.tag);
}

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage may be forbidden; the app works without it
  }
}

function remember(tag) {
  try {
    localStorage.setItem(KEY, tag);
  } catch { /* as above */ }
}

export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function counted(key, count) {
  const form = new Intl.PluralRules(current.tag).select(count);
  const chosen = texts[key + "." + form] ? form : "other";
  return t(key + "." + chosen, { count: new Intl.NumberFormat(current.tag).format(count) });
}

// A text that the API may give in one language or as a map of languages.
export function label(value) {
  if (value && typeof value === "object") return String(value[current.tag] ?? value.en ?? Object.values(value)[0] ?? "");
  return String(value ?? "");
}

export function distance(metres) {
  const [value, unit] = metres < 1000 ? [Math.round(metres / 10) * 10, "meter"] : [metres / 1000, "kilometer"];
  return new Intl.NumberFormat(current.tag, { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
}

export function weekday(index) {
  return new Intl.DateTimeFormat(current.tag, { weekday: "long", timeZone: "UTC" }).format(new Date(Date.UTC(2024, 0, 1 + index)));
}

export function clock(time) {
  const [hour, minute] = time.split(":").map(Number);
  return new Intl.DateTimeFormat(current.tag, { hour: "numeric", minute: "2-digit", timeZone: "UTC" }).format(new Date(Date.UTC(2024, 0, 1, hour % 24, minute)));
}
