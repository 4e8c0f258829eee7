// What is around: from the device's position when its owner agrees, else from the middle of the city.
import { listingCard } from "./cards.js";
import { h, svg } from "./dom.js";
import { counted, distance, t } from "./i18n.js";
import { icon } from "./icons.js";

const RADII = [500, 1000, 2000, 5000, 10000];
let at = null;
let radius = 1000;

export async function nearby(app, _, signal) {
  at ??= app.settings.centre && { ...app.settings.centre, own: false };
  const result = h("div", {});
  const note = h("p", { class: "muted", role: "status" });
  const choose = h("select", { id: "radius", change: () => { radius = Number(choose.value); show(); } },
    RADII.map((metres) => h("option", { value: metres, selected: metres === radius }, distance(metres))));

  async function show() {
    if (!at) return;
    note.textContent = t("searching");
    try {
      const [page, categories] = await Promise.all([app.api.nearby(at, radius, signal), app.api.categories().catch(() => null)]);
      note.textContent = (at.own ? t("fromHere") : t("fromCentre")) + " · " + counted("results", page.items.length);
      result.replaceChildren(plan(page.items), h("ul", { class: "cards" }, page.items.map((one) => listingCard(app, one, categories))));
    } catch (problem) {
      if (problem.name !== "AbortError") note.textContent = t(problem.kind === "offline" ? "offlineNothing" : "error");
    }
  }

  const locate = () => {
    note.textContent = t("searching");
    if (!navigator.geolocation) {
      note.textContent = t("locateFailed");
      return;
    }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => { at = { lat: coords.latitude, lon: coords.longitude, own: true }; show(); },
      (problem) => { note.textContent = t(problem.code === 1 ? "locateDenied" : "locateFailed"); },
      { timeout: 10000, maximumAge: 60000 });
  };

  await show();
  return {
    title: t("nearby"),
    content: [
      h("h1", { tabindex: "-1" }, t("nearby")),
      h("div", { class: "controls" },
        h("button", { type: "button", click: locate }, icon("locate"), t("locate")),
        h("span", {}, h("label", { for: "radius" }, t("radius")), " ", choose)),
      note, result,
    ],
  };
}

// A plan without foreign map tiles: north is up, the rings are distances. The list below says the same in words.
function plan(items) {
  const placed = items.filter((one) => one.location);
  if (placed.length === 0) return null;
  const scale = 92 / radius;
  const east = 111320 * Math.cos((at.lat * Math.PI) / 180);
  const dots = placed.map((one) => {
    const x = 100 + (one.location.lon - at.lon) * east * scale;
    const y = 100 - (one.location.lat - at.lat) * 111320 * scale;
    return svg("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: 2.6, class: "dot" }, svg("title", {}, one.title));
  });
  const rings = [1 / 3, 2 / 3, 1].map((share) => [
    svg("circle", { cx: 100, cy: 100, r: (92 * share).toFixed(1), class: "ring" }),
    svg("text", { x: 100, y: (100 - 92 * share + 7).toFixed(1), class: "scale" }, distance(radius * share)),
  ]);
  return h("figure", { class: "plan", "aria-hidden": "true" },
    svg("svg", { viewBox: "0 0 200 200" }, rings, dots, svg("path", { d: "M100 95v10M95 100h10", class: "here" })));
}
