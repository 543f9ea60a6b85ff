/**
 * A frame as code for another place. Each language says undefined where it has no word for the frame: only the
 * dialect's own script can send everything.
 */

/** Names of the languages, in the order of the list. */
export const languages = [
  ["frame", "Frame"],
  ["javascript", "JavaScript"],
  ["sdk", "SDK"],
  ["curl", "curl"],
  ["socketio", "Socket.IO"],
  ["php", "PHP"],
];

/**
 * @param {string} language
 * @param {{ dialect: object, address: string, origin: string, token: string, text: string }} from
 *   `text` is the frame; `origin` where REST is.
 * @returns {string | undefined}
 */
export function codeFor(language, from) {
  const frame = parsed(from.text);
  try {
    const written = (frame && from.dialect.publication(frame)) || undefined;
    // A room's messages have a text over REST and the SDK; one that is only data has none to show here.
    const publication = written?.room && written.text ? written : undefined;
    return writers[language]({ ...from, frame, publication });
  } catch {
    // Half written: a path that is none yet, an object where a list will be.
    return undefined;
  }
}

const writers = {
  frame: ({ text }) => text,
  javascript({ dialect, address, token, text, frame }) {
    if (dialect.name === "socketio") return socketIo(address, token, frame);
    if (dialect.name === "sse") return frame && fetchCode(address, token, frame);
    if (dialect.name === "yjs") return frame && provider(address);
    return [
      `const socket = new WebSocket(${js(address)});`,
      "socket.onmessage = ({ data }) => console.log(data);",
      `socket.onopen = () => socket.send(${frame ? `JSON.stringify(${js(frame)})` : js(text)});`,
    ].join("\n");
  },
  sdk({ origin, token, publication }) {
    if (publication === undefined) return undefined;
    const { room, text } = publication;
    return [
      'import { createClient } from "@parlance/client";',
      "",
      "const client = createClient({",
      `  url: ${js(`${origin.replace(/^http/, "ws")}/ws`)},`,
      token ? `  token: ${js(token)},` : '  guest: { name: "Ann" },',
      "});",
      "await client.connect();",
      `await client.room(${js(room)}).publish(${js(text)}).done;`,
    ].join("\n");
  },
  curl({ dialect, origin, address, token, publication, frame }) {
    const bearer = `-H ${shell(`authorization: Bearer ${token || "$TOKEN"}`)}`;
    if (publication === undefined) {
      if (dialect.name !== "sse" || frame === undefined) return undefined;
      return `curl -X ${frame.method ?? "GET"} ${bearer} ${shell(new URL(frame.path ?? "/", address).href)}`;
    }
    return [
      `curl ${shell(messagesUrl(origin, publication))}`,
      bearer,
      `-H ${shell("content-type: application/json")}`,
      `-d ${shell(JSON.stringify(bodyOf(publication)))}`,
    ].join(" \\\n  ");
  },
  socketio({ dialect, origin, address, token, publication, frame }) {
    if (dialect.name === "socketio") return socketIo(address, token, frame);
    if (publication === undefined) return undefined;
    const body = { chatId: publication.room, content: publication.text, messageType: "text" };
    return socketIo(origin, token, ["message:send", body]);
  },
  php({ origin, token, publication }) {
    if (publication === undefined) return undefined;
    return [
      "<?php",
      "$answer = file_get_contents(",
      `    ${php(messagesUrl(origin, publication))},`,
      "    false,",
      "    stream_context_create(['http' => [",
      "        'method' => 'POST',",
      "        'header' => [",
      "            'Content-Type: application/json',",
      `            ${token ? php(`Authorization: Bearer ${token}`) : "'Authorization: Bearer ' . getenv('PARLANCE_TOKEN')"},`,
      "        ],",
      `        'content' => ${php(JSON.stringify(bodyOf(publication)))},`,
      "    ]]),",
      ");",
    ].join("\n");
  },
};

function socketIo(address, token, frame) {
  if (!Array.isArray(frame)) return undefined;
  const options = token ? `, { auth: { token: ${js(token)} } }` : "";
  return [
    'import { io } from "socket.io-client";',
    "",
    `const socket = io(${js(address)}${options});`,
    `socket.on("connect", () => socket.emit(${frame.map(js).join(", ")}));`,
    "socket.onAny((event, ...values) => console.log(event, ...values));",
  ].join("\n");
}

/** Nobody writes these bytes by hand: the provider sends them. */
function provider(address) {
  const at = address.lastIndexOf("/");
  return [
    'import * as Y from "yjs";',
    'import { WebsocketProvider } from "y-websocket";',
    "",
    "const doc = new Y.Doc();",
    "// POST /api/v1/tickets with your token and { room } answers with a ticket.",
    "const params = { ticket };",
    `const provider = new WebsocketProvider(${js(address.slice(0, at))}, ${js(decodeURIComponent(address.slice(at + 1)))}, doc, { params });`,
    'doc.getText("page").observe(({ target }) => console.log(target.toJSON()));',
  ].join("\n");
}

function fetchCode(address, token, { method = "GET", path, body }) {
  const headers = {
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(body === undefined ? {} : { "content-type": "application/json" }),
  };
  const options = [`method: ${js(method)}`, `headers: ${js(headers)}`];
  if (body !== undefined) options.push(`body: JSON.stringify(${js(body)})`);
  return `const answer = await fetch(${js(new URL(path ?? "/", address).href)}, {\n  ${options.join(",\n  ")},\n});\nconsole.log(await answer.json());`;
}

function messagesUrl(origin, { room }) {
  return `${origin}/api/v1/rooms/${encodeURIComponent(room)}/messages`;
}

function bodyOf({ text, data }) {
  return data === undefined ? { text } : { text, data };
}

const js = (value) => JSON.stringify(value);
/** Double quotes only where a variable is to be filled in by the shell. */
const shell = (text) =>
  text.endsWith(" $TOKEN") ? `"${text}"` : `'${text.replaceAll("'", `'\\''`)}'`;
const php = (text) => `'${text.replace(/[\\']/g, "\\$&")}'`;

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
