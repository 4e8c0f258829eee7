// The token stands behind the # and so never reaches a server before somebody presses the button (no pre-fetch uses it up).
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const form = document.getElementById("accept");
const outcome = document.getElementById("outcome");

if (!token) {
  form.hidden = true;
  outcome.textContent = "Dieser Link ist nicht vollständig. · This link is not complete.";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = { token, name: document.getElementById("name").value, password: document.getElementById("password").value };
  const answer = await fetch("/api/auth/invitations/accept", {
    method: "POST", headers: { "Content-Type": "application/json", "Accept-Language": navigator.language }, body: JSON.stringify(body),
  });
  const read = await answer.json();
  form.hidden = answer.ok;
  outcome.textContent = answer.ok ? `Willkommen, ${read.name}! Sie können sich jetzt anmelden. · You can log in now.` : read.error.message;
});
