"use strict";

// Shows openapi.json: every address with its parameters, bodies and answers. All text is set as text, never as HTML.

const METHODS = ["get", "post", "put", "patch", "delete"];
let description;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function words(text) {
  const made = element("p");
  for (const [n, part] of text.split("`").entries()) made.append(n % 2 ? element("code", {}, part) : part);
  return made;
}

function resolve(node) {
  return node && node.$ref ? node.$ref.slice(2).split("/").reduce((found, key) => found[key], description) : node;
}

function name(schema) {
  if (!schema) return "anything";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(name).join(" or ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.type === "array") return "list of " + name(schema.items);
  return [schema.type || "anything", schema.format].filter(Boolean).join(", ");
}

function limits(schema) {
  const known = [["minLength", "at least", "characters"], ["maxLength", "at most", "characters"], ["minimum", "from", ""],
    ["maximum", "to", ""], ["maxItems", "at most", "items"], ["pattern", "like", ""]];
  const plain = ([key]) => key in schema && schema[key] !== 0 && !String(schema[key]).includes("\\x00");
  const said = known.filter(plain).map(([key, before, after]) => `${before} ${schema[key]} ${after}`.trim());
  if ("default" in schema && schema.default !== null) said.push("default " + JSON.stringify(schema.default));
  return said.join("; ");
}

function table(title, rows) {
  const body = element("tbody");
  for (const row of rows) {
    body.append(element("tr", {}, element("th", { scope: "row" }, element("code", {}, row[0])), ...row.slice(1).map((cell) => element("td", {}, cell))));
  }
  return [element("h3", {}, title), element("table", {}, body)];
}

function properties(schema) {
  const whole = resolve(schema);
  const required = new Set(whole.required || []);
  return Object.entries(whole.properties || {}).map(([key, part]) =>
    [key, name(part) + (required.has(key) ? ", required" : ""), [part.description, limits(part)].filter(Boolean).join(" · ")]);
}

function shown(title, schema, seen = new Set()) {
  const parts = [];
  const rows = properties(schema);
  if (rows.length) parts.push(...table(title, rows));
  else parts.push(element("h3", {}, title), element("p", {}, name(schema)));
  for (const inner of references(resolve(schema))) {
    if (seen.has(inner)) continue;
    seen.add(inner);
    parts.push(...shown(inner, { $ref: "#/components/schemas/" + inner }, seen));
  }
  return parts;
}

function references(node, found = new Set()) {
  if (node && typeof node === "object") {
    if (typeof node.$ref === "string" && node.$ref.startsWith("#/components/schemas/")) found.add(node.$ref.split("/").pop());
    Object.values(node).forEach((part) => references(part, found));
  }
  return found;
}

function details(operation) {
  const parts = [];
  const needs = operation["x-permission"] ? `the permission ${operation["x-permission"]}`
    : operation.security.some((way) => !Object.keys(way).length) ? "nothing; a token is read if there is one" : "a token";
  parts.push(element("p", {}, `${operation.operationId} needs ${needs}.`));
  if (operation.description) parts.push(words(operation.description));
  const parameters = operation.parameters.map(resolve);
  if (parameters.length) {
    parts.push(...table("Parameters", parameters.map((each) => [each.name,
      `${each.in}, ${name(each.schema)}${each.required ? ", required" : ""}`, [each.description, limits(each.schema)].filter(Boolean).join(" · ")])));
  }
  for (const [type, body] of Object.entries((operation.requestBody || {}).content || {})) parts.push(...shown(`Body (${type})`, body.schema));
  const answers = Object.entries(operation.responses).map(([status, answer]) => [status, resolve(answer)]);
  for (const [status, answer] of answers) {
    if (status >= 400) continue;
    const content = Object.values(answer.content || {})[0];
    if (content && content.schema) parts.push(...shown(`Answer ${status}`, content.schema));
    else parts.push(element("h3", {}, `Answer ${status}`), element("p", {}, answer.description));
  }
  const errors = answers.filter(([status]) => status >= 400);
  parts.push(...table("Errors", errors.map(([status, answer]) => [status, answer.description.replaceAll("`", "")])));
  return parts;
}

function entry(method, path, operation) {
  const made = element("details", { id: operation.operationId }, element("summary", {},
    element("span", { class: "method" }, method.toUpperCase()), element("span", { class: "path" }, path), element("span", {}, operation.summary)));
  made.addEventListener("toggle", () => { if (made.open && made.children.length === 1) made.append(...details(operation)); });
  made.dataset.words = [method, path, operation.operationId, operation.summary].join(" ").toLowerCase();
  return made;
}

function filter(text) {
  const wanted = text.toLowerCase().split(/\s+/);
  let count = 0;
  for (const each of document.querySelectorAll("details")) {
    each.hidden = !wanted.every((word) => each.dataset.words.includes(word));
    count += !each.hidden;
  }
  for (const section of document.querySelectorAll("main > section")) section.hidden = !section.querySelector("details:not([hidden])");
  document.getElementById("count").textContent = `${count} addresses`;
}

async function show() {
  const operations = document.getElementById("operations");
  const answer = await fetch(operations.dataset.description);
  if (!answer.ok) throw new Error(`openapi.json: ${answer.status}`);
  description = await answer.json();
  for (const paragraph of description.info.description.split("\n\n")) document.getElementById("about").append(words(paragraph.replaceAll("\n", " ")));
  for (const tag of description.tags) {
    const section = element("section", {}, element("h2", {}, tag.name), words(tag.description || ""));
    for (const [path, methods] of Object.entries(description.paths)) {
      for (const method of METHODS) {
        if (methods[method] && methods[method].tags.includes(tag.name)) section.append(entry(method, path, methods[method]));
      }
    }
    operations.append(section);
  }
  const find = document.getElementById("find");
  find.addEventListener("input", () => filter(find.value.trim()));
  filter("");
  const linked = document.getElementById(location.hash.slice(1));
  if (linked) { linked.open = true; linked.scrollIntoView(); }
}

show().catch((error) => document.getElementById("operations").append(element("p", { role: "alert" }, String(error))));
