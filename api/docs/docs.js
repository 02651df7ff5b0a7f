// Builds the documentation from the OpenAPI document. Only DOM calls: nothing of the document becomes markup.
"use strict";

const make = (tag, text = "", className = "") => {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  if (className) element.className = className;
  return element;
};

const pretty = (value) => JSON.stringify(value, null, 2);

const exampleOf = ({ example, examples, schema }) => {
  if (example !== undefined) return example;
  if (examples) return Object.values(examples)[0].value;
  return schema && schema.examples ? schema.examples[0] : undefined;
};

// The media type of a body or an answer, and an example of it as it is sent: JSON laid out, text as it is.
const shown = (content) => {
  const [type, told] = Object.entries(content || {})[0] || ["", {}];
  const example = exampleOf(told);
  return { type, text: example !== undefined && type.endsWith("json") ? pretty(example) : example };
};

async function session() {
  try {
    return await (await fetch("/api/session/")).json();
  } catch {
    return {};
  }
}

async function send(path, method, fields, body, type) {
  let url = path;
  const query = new URLSearchParams();
  const headers = {};
  for (const { parameter, input } of fields) {
    if (!input.value) continue;
    if (parameter.in === "path") url = url.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (parameter.in === "query") query.append(parameter.name, input.value);
    else if (parameter.in === "header") headers[parameter.name] = input.value;
  }
  const key = document.getElementById("key").value.trim();
  if (key) headers.Authorization = `Bearer ${key}`;
  else if (method !== "GET") headers["X-CSRF-Token"] = (await session()).csrf_token || "";
  if (body !== undefined) headers["Content-Type"] = type;
  const answer = await fetch(query.size ? `${url}?${query}` : url, { method, headers, body });
  const text = await answer.text();
  try {
    return `${answer.status}\n${pretty(JSON.parse(text))}`;
  } catch {
    return `${answer.status}\n${text.slice(0, 20000)}`;
  }
}

function operationView(path, method, operation) {
  const view = make("details");
  const summary = make("summary");
  summary.append(make("span", method, `method ${method}`), make("span", path, "path"));
  summary.append(make("span", operation.summary || "", "says"));
  view.append(summary);
  view.addEventListener("toggle", () => fill(view, path, method, operation), { once: true });
  view.dataset.text = `${method} ${path} ${operation.summary || ""}`.toLowerCase();
  return view;
}

function fill(view, path, method, operation) {
  if (operation.description) view.append(make("p", operation.description));
  const fields = [];
  const table = make("table");
  for (const parameter of operation.parameters || []) {
    const row = make("tr");
    const input = make("input");
    input.setAttribute("aria-label", parameter.name);
    row.append(make("td", `${parameter.name}${parameter.required ? " *" : ""} (${parameter.in})`));
    row.append(make("td", parameter.description || ""));
    const cell = make("td");
    cell.append(input);
    row.append(cell);
    table.append(row);
    fields.push({ parameter, input });
  }
  view.append(table);
  let body;
  const asked = shown(operation.requestBody && operation.requestBody.content);
  if (operation.requestBody) {
    body = make("textarea");
    body.rows = 8;
    body.setAttribute("aria-label", "body");
    body.value = asked.text || "";
    view.append(make("strong", `Body (${asked.type})`), body);
  }
  const output = make("pre");
  output.hidden = true;
  if (!Object.values(operation.responses).some((answer) => answer.content && answer.content["text/event-stream"])) {
    const button = make("button", "Send");
    button.addEventListener("click", async () => {
      output.hidden = false;
      output.textContent = "...";
      try {
        output.textContent = await send(path, method, fields, body ? body.value : undefined, asked.type);
      } catch (error) {
        output.textContent = String(error);
      }
    });
    view.append(button, output);
  }
  for (const [status, answer] of Object.entries(operation.responses)) {
    const { type, text } = shown(answer.content);
    view.append(make("p", `${status}: ${answer.description || ""} ${type}`));
    if (text !== undefined) view.append(make("pre", text));
  }
}

async function start() {
  const described = await (await fetch("/api/openapi.json")).json();
  document.getElementById("about").textContent = described.info.description;
  const list = document.getElementById("operations");
  const groups = new Map();
  for (const [path, operations] of Object.entries(described.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const name = (operation.tags || ["Other"])[0];
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(operationView(path, method.toUpperCase(), operation));
    }
  }
  list.replaceChildren();
  for (const [name, views] of groups) {
    const group = make("section");
    group.append(make("h2", name), ...views);
    list.append(group);
  }
  document.getElementById("filter").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const view of list.querySelectorAll("details")) view.hidden = !view.dataset.text.includes(wanted);
    for (const group of list.children) group.hidden = !group.querySelector("details:not([hidden])");
  });
}

start();
