/** Draws the OpenAPI document. Text goes in as text, never as markup. */
const document_ = await (await fetch("/api/openapi.json")).json();
const byTag = new Map();
for (const [path, methods] of Object.entries(document_.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const tag = operation.tags?.[0] ?? "Other";
    byTag.set(tag, [...(byTag.get(tag) ?? []), { path, method, operation }]);
  }
}

document.getElementById("intro").textContent = document_.info.description;
const main = document.getElementById("operations");
for (const [tag, operations] of byTag) {
  main.append(element("h2", tag), ...operations.map(drawOperation));
}

function drawOperation({ path, method, operation }) {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.append(
    element("span", method.toUpperCase(), "method"),
    element("code", path),
    element("span", operation.summary ?? "", "summary"),
  );
  const body = element("div", "", "body");
  body.append(element("p", operation.summary ?? ""));
  if (operation.description) body.append(element("p", operation.description, "note"));
  if (operation.security) body.append(element("p", "Needs a bearer token.", "note"));
  for (const parameter of operation.parameters ?? []) {
    body.append(
      element(
        "h3",
        `${parameter.in} · ${parameter.name}${parameter.required ? "" : " (optional)"}`,
      ),
      schemaText(parameter.schema),
    );
  }
  const request = operation.requestBody?.content?.["application/json"]?.schema;
  if (request) body.append(element("h3", "Body"), schemaText(request));
  for (const [status, answer] of Object.entries(operation.responses ?? {})) {
    const schema = answer.content?.["application/json"]?.schema;
    body.append(element("h3", status === "default" ? "Any failure" : `Answer ${status}`));
    if (schema) body.append(schemaText(schema));
  }
  details.append(summary, body);
  return details;
}

/** One level of names is looked up, so that each block can be read by itself. */
function schemaText(schema) {
  const name = schema.$ref?.split("/").at(-1);
  const shown = name === undefined ? schema : document_.components.schemas[name];
  return element("pre", JSON.stringify(shown, null, 2));
}

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}
