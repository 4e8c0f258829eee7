// The views: start, category, listing, search. Each returns its elements; `ready` runs once they are on the page.
import { categoryTile, growingList, picture, searchForm } from "./cards.js";
import { h, richText, safeUrl } from "./dom.js";
import { badge, table } from "./hours.js";
import { label, t } from "./i18n.js";
import { icon } from "./icons.js";

const heading = (text) => h("h1", { tabindex: "-1" }, h("bdi", {}, text));

export async function home(app, _, signal) {
  const categories = await app.api.categories();
  const newest = growingList(app, (cursor) => app.api.listings({ cursor, limit: 8 }, signal));
  await newest.first();
  return {
    title: app.settings.name,
    content: [
      h("section", { class: "hero" }, heading(app.settings.name), h("p", {}, t("welcome")), searchForm()),
      app.settings.shows.includes("chatbot") && h("p", { class: "invite" }, h("a", { class: "button", href: "#/chat" }, icon("chat"), t("askTitle"))),
      h("section", { "aria-labelledby": "topics" }, h("h2", { id: "topics" }, t("categories")), h("ul", { class: "tiles" }, categories.tops.map(categoryTile))),
      h("section", { "aria-labelledby": "newest" }, h("h2", { id: "newest" }, t("newest")), newest.element),
    ],
  };
}

export async function category(app, [id], signal) {
  const categories = await app.api.categories();
  const found = categories.byId.get(id);
  if (!found) return null;
  const parent = categories.byId.get(found.parentId);
  const family = parent || found;
  const chip = (one, text) => h("li", {}, h("a", { class: "chip", href: "#/category/" + encodeURIComponent(one.id), "aria-current": one.id === id ? "page" : null }, h("bdi", {}, text)));
  const list = growingList(app, (cursor) => app.api.listings({ cursor, category: id }, signal), { count: true, empty: h("p", {}, t("noListings")) });
  await list.first();
  return {
    title: label(found.name),
    content: [
      back(parent ? "#/category/" + encodeURIComponent(parent.id) : "#/", parent ? label(parent.name) : t("home")),
      heading(label(found.name)),
      family.children.length > 0 && h("nav", { "aria-label": t("subcategories") }, h("ul", { class: "chips" }, chip(family, t("all")), family.children.map((child) => chip(child, label(child.name))))),
      list.element,
    ],
  };
}

export async function search(app, [words = ""], signal) {
  const list = words && growingList(app, (cursor) => app.api.search(words, cursor, signal), {
    count: true, empty: h("div", { class: "empty" }, h("p", {}, t("noResults", { words })), h("p", { class: "muted" }, t("noResultsHint"))),
  });
  if (list) await list.first();
  return { title: words ? t("searchFor", { words }) : t("search"), content: [heading(words ? t("searchFor", { words }) : t("search")), searchForm(words), list?.element] };
}

export async function listing(app, [id], signal) {
  const found = await app.api.listing(id, signal);
  const categories = await app.api.categories().catch(() => null);
  const group = categories?.byId.get(found.categoryId);
  return {
    title: found.title,
    content: [
      back(group ? "#/category/" + encodeURIComponent(group.id) : "#/", group ? label(group.name) : t("home")),
      h("article", { lang: found.language && found.language !== document.documentElement.lang ? found.language : null },
        heading(found.title), h("p", { class: "meta" }, badge(found.openingHours, app.settings.timeZone)),
        (found.media || []).map((media) => photo(app, media)),
        found.summary && h("p", { class: "lead" }, h("bdi", {}, found.summary)),
        richText(found.description),
        h("div", { class: "facts" }, where(found), reach(found.contact), hours(app, found.openingHours)),
        found.tags?.length > 0 && h("ul", { class: "chips", "aria-label": t("tags") }, found.tags.map((tag) => h("li", {}, h("a", { class: "chip", href: "#/search/" + encodeURIComponent(tag) }, h("bdi", {}, tag)))))),
    ],
  };
}

const back = (href, text) => h("p", {}, h("a", { class: "back", href }, icon("back"), h("bdi", {}, text)));

function photo(app, media) {
  const credit = [media.author && t("photo", { author: media.author }), media.licence].filter(Boolean).join(" · ");
  return h("figure", {}, picture(app, media, true), credit && h("figcaption", { class: "muted" }, credit));
}

const fact = (name, symbol, ...content) => h("section", { class: "fact" }, h("h2", {}, icon(symbol), name), content);

function where({ address, location, title }) {
  const lines = [address?.street, [address?.postcode, address?.city].filter(Boolean).join(" ")].filter(Boolean);
  if (lines.length === 0 && !location) return null;
  const at = location && location.lat + "," + location.lon;
  return fact(t("address"), "pin", h("address", {}, lines.map((line, index) => [index > 0 && h("br"), h("bdi", {}, line)])),
    location && h("p", {}, h("a", { href: "geo:" + at + "?q=" + at + "(" + encodeURIComponent(title) + ")" }, t("onMap"))),
    location && h("p", { class: "muted" }, h("bdi", { dir: "ltr" }, location.lat.toFixed(5) + ", " + location.lon.toFixed(5))));
}

function reach(contact) {
  if (!contact) return null;
  const dial = contact.phone && "tel:" + contact.phone.replace(/[^+\d]/g, "");
  const web = safeUrl(contact.website);
  const entries = [
    contact.phone && [t("phone"), h("a", { href: dial, dir: "ltr" }, contact.phone)],
    contact.email && [t("email"), h("a", { href: "mailto:" + contact.email }, contact.email)],
    web && [t("website"), h("a", { href: web, rel: "noopener noreferrer", target: "_blank" }, new URL(web).host.replace(/^www\./, ""), h("span", { class: "hidden" }, " (" + t("newWindow") + ")"))],
  ].filter(Boolean);
  return entries.length > 0 ? fact(t("contact"), "phone", h("dl", {}, entries.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]))) : null;
}

const hours = (app, opening) => opening && fact(t("hours"), "clock", table(opening, app.settings.timeZone));
