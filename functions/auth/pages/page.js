// Pages that mails lead to. The token stands behind the # and so never reaches a server before somebody presses the button
// (no pre-fetch uses it up); the page speaks the mail's language, else the browser's.
const given = new URLSearchParams(location.hash.slice(1));
const form = document.querySelector("form");
const button = form.querySelector("button");
const outcome = document.getElementById("outcome");
const ALIASES = { no: "nb", nn: "nb", dk: "da", se: "sv" };

const texts = await (await fetch("/links/texts.json")).json();
const wanted = [given.get("language") ?? "", ...navigator.languages].map((tag) => tag.toLowerCase().split("-")[0]);
const language = wanted.map((tag) => ALIASES[tag] ?? tag).find((tag) => Object.hasOwn(texts, tag)) ?? "de";
const words = texts[language];

document.documentElement.lang = language;
document.documentElement.dir = words.direction;
for (const element of document.querySelectorAll("[data-text]")) element.textContent = words[element.dataset.text];

if (!given.get("token")) {
  form.hidden = true;
  outcome.textContent = words.incomplete;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  try {
    const answer = await fetch(form.dataset.calls, {
      method: "POST", headers: { "Content-Type": "application/json", "Accept-Language": language },
      body: JSON.stringify({ token: given.get("token"), ...Object.fromEntries(new FormData(form)) }),
    });
    outcome.textContent = answer.ok ? words[form.dataset.done] : (await answer.json()).error.message;
    form.hidden = answer.ok;
    if (answer.ok) history.replaceState(null, "", location.pathname);
  } catch {
    outcome.textContent = words.failed;
  }
  button.disabled = false;
});
