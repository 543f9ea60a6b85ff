/**
 * The wire of `y-websocket` as text: its frames are bytes, and are written here as JSON, with what is Yjs's own in base64. A connection is one
 * document, whose name ends the address.
 */

const kinds = { sync: 0, awareness: 1, denied: 2, askAwareness: 3 };
const steps = ["ask", "answer", "update"];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A dialect over a WebSocket of bytes. A token is exchanged for a ticket first. */
export function openYjs({ address, token, on }) {
  let socket;
  let isClosed = false;
  void open();

  async function open() {
    try {
      const url = new URL(address);
      if (token) url.searchParams.set("ticket", await ticketFor(roomOf(url), token));
      if (isClosed) return;
      socket = new WebSocket(url);
    } catch (error) {
      return end(error.message);
    }
    socket.binaryType = "arraybuffer";
    socket.onopen = () => on.open();
    socket.onmessage = ({ data }) => on.frame(JSON.stringify(frameIn(new Uint8Array(data))));
    socket.onclose = ({ code, reason }) => end(reason ? `${code} ${reason}` : `${code}`);
  }

  function end(why) {
    if (isClosed) return;
    isClosed = true;
    socket?.close(1000);
    on.close(why);
  }

  return {
    send(text) {
      const bytes = bytesOf(JSON.parse(text));
      if (socket?.readyState !== WebSocket.OPEN) throw new Error("Not connected yet.");
      socket.send(bytes);
    },
    close: () => end("closed"),
  };
}

const roomOf = ({ pathname }) => decodeURIComponent(pathname.slice(pathname.lastIndexOf("/") + 1));

async function ticketFor(room, token) {
  const answer = await fetch("/api/v1/tickets", {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ room }),
  });
  const { ticket, error } = await answer.json();
  if (ticket === undefined) throw new Error(error?.text ?? `HTTP ${answer.status}`);
  return ticket;
}

/** An update of Yjs by somebody new who writes at the beginning of a shared text. @returns base64 */
export function updateThatWrites(name, text) {
  const client = 1 + Math.floor(Math.random() * 2 ** 31);
  // One client with one item from clock 0 on: a string, whose parent is the text of that name. Nothing is deleted.
  const head = [1, 1, ...numberBytes(client), 0, 4, 1];
  return base64([...head, ...textBytes(name), ...textBytes(text), 0]);
}

/** @returns {Uint8Array} @throws TypeError for what is no frame. */
function bytesOf({ type, state_vector: vector, update, clients }) {
  if (type === "ask_awareness") return Uint8Array.of(kinds.askAwareness);
  if (type === "awareness") {
    const states = clients.flatMap(({ client, clock, state }) => [
      ...numberBytes(client),
      ...numberBytes(clock),
      ...textBytes(JSON.stringify(state)),
    ]);
    return frame([kinds.awareness], [...numberBytes(clients.length), ...states]);
  }
  const step = steps.indexOf(type);
  const body = type === "ask" ? vector : update;
  if (step < 0 || typeof body !== "string") {
    throw new TypeError("type is ask, answer, update, awareness or ask_awareness");
  }
  return frame([kinds.sync, step], fromBase64(body));
}

/** What a frame of the server says. */
function frameIn(bytes) {
  const reader = { bytes, at: 0 };
  switch (readNumber(reader)) {
    case kinds.sync: {
      const type = steps[readNumber(reader)];
      const body = base64(readBytes(reader));
      return type === "ask" ? { type, state_vector: body } : { type, update: body };
    }
    case kinds.awareness:
      return { type: "awareness", clients: clientsIn(readBytes(reader)) };
    case kinds.denied:
      readNumber(reader);
      return { type: "denied", reason: decoder.decode(readBytes(reader)) };
    default:
      return { type: "unknown", bytes: base64(bytes) };
  }
}

function clientsIn(bytes) {
  const reader = { bytes, at: 0 };
  return Array.from({ length: readNumber(reader) }, () => ({
    client: readNumber(reader),
    clock: readNumber(reader),
    state: JSON.parse(decoder.decode(readBytes(reader))),
  }));
}

const frame = (head, body) => Uint8Array.of(...head, ...numberBytes(body.length), ...body);

/** Seven bits a byte, the lowest first. Numbers of clients have more than the 32 bits of shifts. */
function numberBytes(number) {
  const bytes = [];
  let rest = number;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

function textBytes(text) {
  const bytes = encoder.encode(text);
  return [...numberBytes(bytes.length), ...bytes];
}

function readNumber(reader) {
  let number = 0;
  for (let unit = 1; ; unit *= 128) {
    const byte = reader.bytes[reader.at] ?? 0;
    reader.at += 1;
    number += (byte % 128) * unit;
    if (byte < 128) return number;
  }
}

function readBytes(reader) {
  const length = readNumber(reader);
  reader.at += length;
  return reader.bytes.subarray(reader.at - length, reader.at);
}

const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
