// Starts the app: settings, language, navigation, views by address, offline notices, updates.
import { createApi } from "./js/api.js";
import { problem } from "./js/cards.js";
import { chat } from "./js/chat.js";
import { h, nodes, scriptUrl } from "./js/dom.js";
import { language, t, useLanguage } from "./js/i18n.js";
import { icon } from "./js/icons.js";
import { nearby } from "./js/nearby.js";
import { category, home, listing, search } from "./js/views.js";

const main = document.getElementById("main");
const VIEWS = { "": home, category, listing, search, nearby, chat };
let app = null;
let leaving = new AbortController();

async function start() {
  const settings = await (await fetch("config.json")).json();
  await useLanguage(settings.languages);
  app = { settings, api: createApi(settings, language, (kept) => notice("offline", (kept || !navigator.onLine) && t("offline"))) };
  frame();
  addEventListener("hashchange", () => show(true));
  addEventListener("offline", () => notice("offline", t("offline")));
  addEventListener("online", () => notice("offline", null));
  await show(false);
  if ("serviceWorker" in navigator) listenForUpdates().catch(() => {}); // without a worker the app still works online
}

function frame() {
  const links = [["", "home", "home"], ["search", "search", "search"], ["nearby", "nearby", "pin"], ["chat", "chatbot", "chat"]]
    .filter(([, name]) => !["nearby", "chatbot"].includes(name) || app.settings.shows.includes(name));
  const nav = document.getElementById("nav");
  nav.setAttribute("aria-label", t("menu"));
  nav.replaceChildren(h("ul", {}, links.map(([path, name, symbol]) => h("li", {}, h("a", { href: "#/" + path, "data-view": path }, icon(symbol), h("span", {}, t(name)))))));
  const skip = document.querySelector(".skip");
  skip.textContent = t("skip");
  skip.onclick = (event) => { // the address after # names the view, so the jump is made here
    event.preventDefault();
    main.focus();
  };
  document.getElementById("tools").replaceChildren(...nodes([app.settings.languages.length > 1 && chooser()]));
  offerInstall();
}

function chooser() {
  const select = h("select", { id: "language", "aria-label": t("language"), change: async () => {
    await useLanguage(app.settings.languages, select.value);
    frame();
    await show(false);
    document.getElementById("language").focus();
  } }, app.settings.languages.map(({ tag, name }) => h("option", { value: tag, lang: tag, selected: tag === language() }, name)));
  return select;
}

async function show(moveFocus) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const [name, ...rest] = location.hash.slice(2).split("/").map(decoded);
  const view = VIEWS[name];
  const hidden = { nearby: "nearby", chat: "chatbot" }[name];
  main.setAttribute("aria-busy", "true");
  let shown = null;
  let kind = "missing";
  try {
    if (view && (!hidden || app.settings.shows.includes(hidden))) shown = await view(app, rest, signal);
  } catch (caught) {
    if (signal.aborted) return;
    kind = caught.kind || "failed";
  }
  if (signal.aborted) return;
  main.removeAttribute("aria-busy");
  main.dataset.view = name;
  main.replaceChildren(...nodes(shown ? shown.content : [problem(kind, () => show(true))]));
  document.title = shown && shown.title !== app.settings.name ? shown.title + " – " + app.settings.name : app.settings.name;
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.dataset.view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (moveFocus) {
    scrollTo(0, 0);
    main.querySelector("h1")?.focus({ preventScroll: true });
  }
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function notice(id, text, action) {
  const box = document.getElementById("notices");
  const old = box.querySelector('[data-notice="' + id + '"]');
  if (old?.dataset.text === (text || "")) return;
  old?.remove();
  if (text) box.append(h("p", { class: "notice", "data-notice": id, "data-text": text }, text, action));
}

async function listenForUpdates() {
  const registration = await navigator.serviceWorker.register(scriptUrl("sw.js"));
  const offer = () => {
    if (!registration.waiting || !navigator.serviceWorker.controller) return;
    notice("update", t("update"), h("button", { type: "button", click: () => registration.waiting?.postMessage("update") }, t("reload")));
  };
  let first = !navigator.serviceWorker.controller; // the first worker takes over without a reload
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (!first) location.reload();
    first = false;
  });
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", offer));
  offer();
}

// The offer to install waits in the footer; it comes before the sentences are there, so it is kept until they are.
let offer = null;
addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offer = event;
  if (app) offerInstall();
});
addEventListener("appinstalled", () => document.querySelector(".install")?.remove());

function offerInstall() {
  document.querySelector(".install")?.remove();
  const install = async () => {
    const { outcome } = await offer.prompt();
    if (outcome === "accepted") offer = null;
    offerInstall();
  };
  if (offer) document.querySelector(".foot").prepend(h("button", { type: "button", class: "install", click: install }, t("install")));
}

start().catch(() => main.replaceChildren(problem("failed", () => location.reload())));
