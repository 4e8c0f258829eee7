// Opening hours: what holds now, and the table of the week. Times are the city's, wherever the reader is.
import { h } from "./dom.js";
import { clock, t, weekday } from "./i18n.js";

const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

function now(timeZone) {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone, weekday: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).formatToParts(new Date());
  const part = (type) => parts.find((one) => one.type === type).value;
  return { day: part("weekday").toLowerCase(), time: part("hour") + ":" + part("minute") };
}

const wholeDay = (intervals) => intervals.length === 1 && intervals[0][0] === "00:00" && intervals[0][1] === "24:00";

export function state(opening, timeZone) {
  const days = opening?.days;
  if (!days || Object.keys(days).length === 0) return null;
  const { day, time } = now(timeZone);
  const today = days[day] || [];
  const current = today.find(([from, to]) => from <= time && time < to);
  if (current) return { open: true, text: wholeDay(today) ? t("alwaysOpen") : t("openUntil", { time: clock(current[1]) }) };
  const next = today.find(([from]) => from > time);
  return { open: false, text: next ? t("opensAt", { time: clock(next[0]) }) : t(today.length ? "closedNow" : "closedToday") };
}

export function badge(opening, timeZone) {
  const found = state(opening, timeZone);
  return found && h("span", { class: found.open ? "badge open" : "badge" }, found.text);
}

export function table(opening, timeZone) {
  const days = opening?.days || {};
  const note = opening?.note && h("p", { class: "muted" }, opening.note);
  if (Object.keys(days).length === 0) return note || h("p", { class: "muted" }, t("hoursUnknown"));
  const today = now(timeZone).day;
  const row = (name, key) => h("tr", { "aria-current": key === today ? "date" : null },
    h("th", { scope: "row" }, name),
    h("td", {}, days[key]?.length ? days[key].map(([from, to], index) => [index > 0 && h("br"), times(from, to)]) : t("closed")));
  return [
    h("table", { class: "hours" }, h("tbody", {}, DAYS.map((key, index) => row(weekday(index), key)), days.holiday && row(t("holiday"), "holiday"))),
    note,
  ];
}

const times = (from, to) => (from === "00:00" && to === "24:00" ? t("alwaysOpen") : h("bdi", {}, clock(from) + " – " + clock(to)));
