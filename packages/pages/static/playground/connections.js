/**
 * One way to speak with every dialect: text in, text out. Each `open…` calls `on.open()`, `on.frame(text)` and
 * `on.close(why)`, and returns `send(text)` and `close()`. `send` returns what went out, or throws.
 */

const socketIoClient = "/socket.io/socket.io.esm.min.js";

/** A dialect over a WebSocket. */
export function openSocket({ address, on }) {
  const socket = new WebSocket(address);
  socket.onopen = () => on.open();
  socket.onmessage = ({ data }) => on.frame(typeof data === "string" ? data : "(binary)");
  socket.onclose = ({ code, reason }) => on.close(reason ? `${code} ${reason}` : `${code}`);
  return {
    send: (text) => socket.send(text),
    close: () => socket.close(1000),
  };
}

/** Socket.IO with its own client, which the server hands out beside it; loaded when it is needed. */
export function openSocketIo({ address, token, on }) {
  let socket;
  let isClosed = false;
  void open();

  async function open() {
    try {
      const { io } = await import(socketIoClient);
      if (isClosed) return;
      socket = io(address, { forceNew: true, ...(token ? { auth: { token } } : {}) });
    } catch (error) {
      return end(String(error));
    }
    socket.on("connect", () => on.open());
    socket.on("connect_error", (error) => end(`refused: ${error.message}`));
    socket.on("disconnect", end);
    socket.onAny((event, ...values) => on.frame(JSON.stringify([event, ...values])));
  }

  /** Once, and without the library's coming back. */
  function end(why) {
    if (isClosed) return;
    isClosed = true;
    socket?.disconnect();
    on.close(why);
  }

  return {
    send(text) {
      const frame = JSON.parse(text);
      if (!Array.isArray(frame) || typeof frame[0] !== "string") {
        throw new TypeError('A list that begins with the event’s name: ["message:send", { … }]');
      }
      if (!socket?.connected) throw new Error("Not connected yet.");
      socket.emit(...frame, (...values) => on.frame(JSON.stringify(["ack", ...values])));
    },
    close: () => end("closed"),
  };
}

/** The stream of events, read with `fetch` because `EventSource` cannot say who it is; REST the other way. */
export function openStream({ address, token, on }) {
  const stop = new AbortController();
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  void read();

  async function read() {
    try {
      const answer = await fetch(address, {
        headers: { ...headers, accept: "text/event-stream" },
        signal: stop.signal,
      });
      const type = answer.headers.get("content-type") ?? "";
      if (!answer.ok || !type.startsWith("text/event-stream")) {
        on.frame(await answer.text());
        return on.close(`HTTP ${answer.status}`);
      }
      on.open();
      for await (const event of events(answer.body)) on.frame(event);
      on.close("the stream ended");
    } catch (error) {
      on.close(stop.signal.aborted ? "closed" : String(error));
    }
  }

  return {
    send(text) {
      const { method = "GET", path, body } = JSON.parse(text);
      if (typeof path !== "string" || !path.startsWith("/"))
        throw new TypeError("path begins with “/”");
      void request(method, path, body);
    },
    close: () => stop.abort(),
  };

  async function request(method, path, body) {
    const hasBody = body !== undefined;
    try {
      const answer = await fetch(new URL(path, address), {
        method,
        headers: { ...headers, ...(hasBody ? { "content-type": "application/json" } : {}) },
        ...(hasBody ? { body: JSON.stringify(body) } : {}),
      });
      on.frame(JSON.stringify({ status: answer.status, body: parsed(await answer.text()) }));
    } catch (error) {
      on.frame(JSON.stringify({ error: String(error) }));
    }
  }
}

/** Events of a stream (HTML, "Server-sent events", §9.2.6), as JSON with `event`, `id` and `data`. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = {};
      for (const line of block.split("\n")) {
        const [, name, text] = /^(event|id|data): ?(.*)$/.exec(line) ?? [];
        if (name === "data" && "data" in event) event.data += `\n${text}`;
        else if (name !== undefined) event[name] = text;
      }
      if ("data" in event) yield JSON.stringify({ ...event, data: parsed(event.data) });
    }
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
