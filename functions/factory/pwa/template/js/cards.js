// What several views show: cards of listings, tiles of categories, lists with more, problems.
import { h, safeUrl } from "./dom.js";
import { badge } from "./hours.js";
import { counted, distance, label, language, t } from "./i18n.js";
import { icon } from "./icons.js";

export function listingCard(app, listing, categories) {
  const category = categories?.byId.get(listing.categoryId);
  const place = [listing.address?.street, listing.address?.city].filter(Boolean).join(", ");
  return h("li", { class: "card", lang: listing.language && listing.language !== language() ? listing.language : null },
    picture(app, listing.media?.[0]) || h("span", { class: "mark", "aria-hidden": "true" }, icon(category?.icon)),
    h("div", { class: "body" },
      h("h3", {}, h("a", { href: "#/listing/" + encodeURIComponent(listing.slug || listing.id) }, h("bdi", {}, listing.title))),
      listing.summary && h("p", {}, h("bdi", {}, listing.summary)),
      h("p", { class: "meta" },
        Number.isFinite(listing.distance) && h("span", { class: "away" }, distance(listing.distance)),
        badge(listing.openingHours, app.settings.timeZone),
        place && h("span", {}, h("bdi", {}, place)))));
}

export function picture(app, media, large = false) {
  const api = app.settings.api + "/";
  const url = safeUrl(media?.url, api);
  const small = !large && url?.startsWith(api) && !url.includes("?") ? "?size=thumbnail" : "";
  return url && h("img", { src: url + small, alt: large ? media.alt || "" : "", class: large ? "photo" : "thumb", loading: "lazy", decoding: "async" });
}

export function categoryTile(category) {
  return h("li", {}, h("a", { class: "tile", href: "#/category/" + encodeURIComponent(category.id) },
    h("span", { class: "mark", "aria-hidden": "true" }, icon(category.icon)), h("bdi", {}, label(category.name))));
}

// A list that grows: `load(cursor)` gives a page, the button asks for the next one and the focus goes to what is new.
export function growingList(app, load, { empty, count = false } = {}) {
  const list = h("ul", { class: "cards" });
  const status = h("p", { class: "muted", role: "status" });
  const more = h("button", { type: "button", class: "more", hidden: true, click: () => next() }, t("more"));
  let cursor = null;

  async function next() {
    more.disabled = true;
    const [page, categories] = await Promise.all([load(cursor), app.api.categories().catch(() => null)]);
    const fresh = page.items.map((listing) => listingCard(app, listing, categories));
    const first = cursor === null;
    list.append(...fresh);
    cursor = page.nextCursor;
    more.hidden = !cursor;
    more.disabled = false;
    if (first && fresh.length === 0 && empty) list.replaceWith(empty);
    if (count) status.textContent = cursor ? "" : counted("results", list.children.length);
    if (!first) fresh[0]?.querySelector("a")?.focus();
  }

  return { element: h("div", {}, status, list, more), first: next };
}

export function problem(kind, retry) {
  const missing = kind === "missing";
  return h("section", { class: "problem" },
    h("h1", { tabindex: "-1" }, t(missing ? "notFoundTitle" : "errorTitle")),
    h("p", {}, t({ missing: "notFound", offline: "offlineNothing", tooMany: "tooMany" }[kind] || "error")),
    h("p", {}, missing ? h("a", { class: "button", href: "#/" }, t("home")) : h("button", { type: "button", click: retry }, t("retry"))));
}

export function searchForm(value = "") {
  const field = h("input", { type: "search", name: "q", id: "q", value, maxlength: "200", placeholder: t("searchPlaceholder"), autocomplete: "off", enterkeyhint: "search" });
  const submit = (event) => {
    event.preventDefault();
    const words = field.value.trim();
    if (words) location.hash = "#/search/" + encodeURIComponent(words);
  };
  return h("form", { role: "search", class: "search", submit },
    h("label", { for: "q" }, t("searchLabel")),
    h("div", { class: "field" }, field, h("button", { type: "submit" }, icon("search"), h("span", {}, t("searchButton")))));
}
