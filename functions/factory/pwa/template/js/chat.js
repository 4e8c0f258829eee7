// Questions to the city. Answers quote their sources; texts of documents are shown as text, never as markup.
import { h, safeUrl } from "./dom.js";
import { t } from "./i18n.js";

const talk = []; // lives as long as the page, so that a reader can look at a source and come back

export async function chat(app) {
  const log = h("div", { class: "talk", role: "log", "aria-live": "polite", "aria-label": t("askTitle") });
  const field = h("textarea", { id: "question", name: "question", rows: "2", maxlength: "1000", required: true, placeholder: t("askPlaceholder") });
  const send = h("button", { type: "submit" }, t("askButton"));
  const draw = () => log.replaceChildren(...talk.flatMap(turn));

  async function ask(event) {
    event.preventDefault();
    const question = field.value.trim();
    if (!question || send.disabled) return;
    const one = { question, state: "asking" };
    talk.push(one);
    field.value = "";
    send.disabled = true;
    draw();
    try {
      Object.assign(one, { state: "answered", answer: await app.api.ask(question) });
    } catch (problem) {
      Object.assign(one, { state: "failed", kind: problem.kind });
    }
    send.disabled = false;
    draw();
    field.focus();
  }

  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) ask(event);
  });
  draw();
  return {
    title: t("askTitle"),
    content: [
      h("h1", { tabindex: "-1" }, t("askTitle")), h("p", {}, t("askIntro")), log,
      h("form", { class: "ask", submit: ask }, h("label", { for: "question" }, t("askLabel")), field, send),
    ],
  };
}

function turn({ question, state, answer, kind }) {
  const reply = { asking: () => t("asking"), failed: () => t(kind === "tooMany" ? "tooMany" : kind === "offline" ? "offlineNothing" : "askFailed"), answered: () => [text(answer), sources(answer)] }[state]();
  return [
    h("div", { class: "say you" }, h("span", { class: "hidden" }, t("you") + ": "), h("bdi", {}, question)),
    h("div", { class: "say", "aria-busy": state === "asking" ? "true" : null }, h("span", { class: "hidden" }, t("answer") + ": "), reply),
  ];
}

const text = (answer) => String(answer?.answer ?? answer?.response ?? t("askFailed")).split(/\n{2,}/).map((part) => h("p", { dir: "auto" }, part));

function sources(answer) {
  const found = (answer?.citations || []).slice(0, 5);
  if (found.length === 0) return null;
  return h("details", {}, h("summary", {}, t("sources")), h("ol", {}, found.map((one) => {
    const name = String(one.title || one.source || one.documentTitle || one.url || "–");
    const link = safeUrl(one.url);
    const quote = one.quote || one.excerpt || one.text;
    return h("li", { dir: "auto" }, link ? h("a", { href: link, rel: "noopener noreferrer", target: "_blank" }, name) : name, quote && h("blockquote", {}, String(quote)));
  })));
}
