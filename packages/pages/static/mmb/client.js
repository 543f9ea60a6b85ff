/**
 * `wsManager`: the connection of a page to a Parlance server in the MMB dialect. A plain script without a build
 * step. The server fills in `served` and leaves out what is between the marks of a feature that is off.
 *
 * Configured, the later over the earlier, by the server, by `window.wsManagerOptions`, by attributes of the script
 * element (`data-url`, `data-token`, `data-reconnect`, `data-reconnect-delay`, `data-ping-interval`) and by its
 * `data-options`, JSON as `getClientScript` prints it. With a token it connects by itself, else `connect({ token })`.
 */
(() => {
  "use strict";
  const served = {};

  /** No wait between two tries is longer or shorter than these, before its random part. */
  const longestDelayMs = 60_000;
  const shortestDelayMs = 100;
  /** A server that has not let us in by then never will. */
  const entryTimeoutMs = 10_000;
  /** A connection that was lost sooner was none: the waits go on growing. */
  const steadyMs = 10_000;
  /** Calls that wait for the connection; more than a person can cause. */
  const mostWaiting = 500;
  /** Answers to `auth` after which the same token will never do. */
  const hopeless = new Set(["unauthenticated", "token_expired"]);

  const script = document.currentScript;
  const options = {
    url: undefined,
    token: undefined,
    reconnect: true,
    reconnectDelay: 3_000,
    pingInterval: 30_000,
    features: {},
    ...served,
    ...window.wsManagerOptions,
    ...readAttributes(script?.dataset ?? {}),
  };
  options.url ??= defaultUrl();
  options.reconnectDelay = milliseconds(options.reconnectDelay, 3_000);
  options.pingInterval = milliseconds(options.pingInterval, 30_000);

  const listeners = new Map();
  /** Rooms of this page; joined anew after each return. */
  const rooms = new Set();
  /** Frames that wait for `authenticated`, in order. */
  const waiting = [];
  /** Where a cursor is now; where it was meanwhile interests nobody. */
  const cursors = new Map();
  let socket;
  let isWanted = false;
  let entered;
  let enteredAt = 0;
  let failures = 0;
  let isOpened = false;
  let isHeard = false;
  let retryTimer;
  let entryTimer;
  let pingTimer;

  const wsManager = {
    /** Calls `listen` with each event of that name. One that has entered already is told so once. */
    on(event, listen) {
      if (!listeners.has(event)) listeners.set(event, new Set());
      listeners.get(event).add(listen);
      if (event === "authenticated" && entered !== undefined) {
        const frame = entered;
        queueMicrotask(() => call(listen, frame));
      }
    },
    off(event, listen) {
      listeners.get(event)?.delete(listen);
    },
    /** Opens the connection. `changes` replaces options, such as an expired token. */
    connect(changes = {}) {
      Object.assign(options, changes);
      isWanted = true;
      failures = 0;
      if (socket === undefined) open();
    },
    /** Ends the connection and stays away. What still waited is forgotten. */
    disconnect() {
      isWanted = false;
      clearTimeout(retryTimer);
      waiting.length = 0;
      cursors.clear();
      if (socket !== undefined) lose(1000, "disconnect");
    },
    joinRoom(room) {
      rooms.add(room);
      if (entered !== undefined) write({ type: "join", room });
    },
    leaveRoom(room) {
      rooms.delete(room);
      cursors.delete(room);
      if (entered !== undefined) write({ type: "leave", room });
    },
    // <chat>
    /** `message` is a text or an object. Returns whether it was sent or waits for the connection. */
    sendMessage(room, message) {
      return send({ type: "message", room, message });
    },
    /** Tells the others that one writes, or stopped. Lost while there is no connection. */
    sendTyping(room, active = true) {
      if (entered !== undefined) write({ type: "typing", room, active });
    },
    /** Tells the others that one has read the room. */
    markRead(room) {
      return send({ type: "read", room });
    },
    // </chat>
    // <collaboration>
    /** Tells the others of the room a change. Returns whether it was sent or waits for the connection. */
    sendEdit(room, changes) {
      return send({ type: "edit", room, changes });
    },
    /** Tells the others where one's cursor is. */
    sendCursor(room, position) {
      if (entered === undefined) cursors.set(room, position);
      else write({ type: "cursor", room, position });
    },
    // </collaboration>
    // <notifications>
    /** Shows a notification of the browser, where the person has allowed that. Returns whether it did. */
    showNotification(title, body) {
      if (!("Notification" in window) || Notification.permission !== "granted") return false;
      return new Notification(title, { body }) instanceof Notification;
    },
    // </notifications>
  };

  const methodsOf = {
    chat: ["sendMessage"],
    collaboration: ["sendEdit", "sendCursor"],
    notifications: ["showNotification"],
  };
  for (const [feature, methods] of Object.entries(methodsOf)) {
    if (options.features[feature] !== false) continue;
    for (const method of methods) delete wsManager[method];
  }

  window.wsManager?.disconnect?.();
  window.wsManager = wsManager;
  if (options.token) startWithPage();

  /** Not before the page's other scripts had their turn: what they listen for could be over. */
  function startWithPage() {
    if (document.readyState !== "loading") return wsManager.connect();
    document.addEventListener("DOMContentLoaded", () => wsManager.connect(), { once: true });
  }

  function readAttributes(data) {
    const read = {};
    if (data.url) read.url = data.url;
    if (data.token) read.token = data.token;
    if (data.reconnect) read.reconnect = data.reconnect !== "false";
    if (data.reconnectDelay) read.reconnectDelay = Number(data.reconnectDelay);
    if (data.pingInterval) read.pingInterval = Number(data.pingInterval);
    return { ...read, ...(data.options ? JSON.parse(data.options) : {}) };
  }

  /** A wrong number would be a wait of nothing, and a storm. */
  function milliseconds(value, preset) {
    return value > 0 ? Math.max(shortestDelayMs, value) : preset;
  }

  /** `served.endpoint` (`:8082/`, `/mmb`) at the host that the script came from. */
  function defaultUrl() {
    const home = new URL(script?.src || location.href, location.href);
    const scheme = home.protocol === "https:" ? "wss:" : "ws:";
    const endpoint = options.endpoint ?? "/mmb";
    return `${scheme}//${endpoint.startsWith(":") ? home.hostname : home.host}${endpoint}`;
  }

  function open() {
    clearTimeout(retryTimer);
    let opened;
    try {
      opened = new WebSocket(options.url);
    } catch (error) {
      isWanted = false;
      return emit("error", { type: "error", code: "bad_address", message: String(error) });
    }
    socket = opened;
    isOpened = false;
    entryTimer = setTimeout(() => lose(4408, "entry timeout"), entryTimeoutMs);
    opened.onopen = () => {
      isOpened = true;
      // First of all, and the only thing until it is answered.
      if (options.token) write({ type: "auth", token: options.token });
      emit("connected", { url: options.url });
    };
    opened.onmessage = ({ data }) => {
      const frame = read(data);
      if (frame !== undefined && socket === opened) receive(frame);
    };
    opened.onclose = ({ code, reason }) => {
      if (socket === opened) lose(code, reason);
    };
    opened.onerror = () => {
      if (socket !== opened) return;
      emit("error", {
        type: "error",
        code: "connection_failed",
        message: "The connection failed.",
      });
    };
  }

  function read(data) {
    try {
      const frame = JSON.parse(data);
      return typeof frame?.type === "string" ? frame : undefined;
    } catch {
      return undefined;
    }
  }

  function receive(frame) {
    isHeard = true;
    if (frame.type === "ping") return write({ type: "pong" });
    if (frame.type === "authenticated") return enter(frame);
    if (frame.type === "error" && entered === undefined && hopeless.has(frame.code)) {
      isWanted = false;
      lose(4401, frame.code);
    }
    // Afterwards, so that a listener may `connect` with a new token.
    emit(frame.type, frame);
  }

  function enter(frame) {
    clearTimeout(entryTimer);
    const current = socket;
    // Listeners first: the rooms that they join and what they send there lines up behind what waits already.
    emit("authenticated", frame);
    if (socket !== current) return;
    entered = frame;
    enteredAt = performance.now();
    for (const room of rooms) write({ type: "join", room });
    for (const next of waiting.splice(0)) write(next);
    for (const [room, position] of cursors) write({ type: "cursor", room, position });
    cursors.clear();
    pingTimer = setInterval(ping, options.pingInterval);
  }

  /** Browsers do not show a dead line. Whoever is not heard between two pings is gone. */
  function ping() {
    if (!isHeard) return lose(4000, "silent");
    isHeard = false;
    write({ type: "ping" });
  }

  /** Gives the socket up at once: the closing handshake of a dead line takes a minute. */
  function lose(code, reason) {
    const lost = socket;
    const wasSteady = entered !== undefined && performance.now() - enteredAt > steadyMs;
    const wasOpened = isOpened;
    isOpened = false;
    socket = undefined;
    entered = undefined;
    clearTimeout(entryTimer);
    clearInterval(pingTimer);
    lost.close();
    // 4500-4999 ask not to come back.
    if (code >= 4500) isWanted = false;
    if (wasSteady) failures = 0;
    const willReconnect = isWanted && options.reconnect;
    if (wasOpened) emit("disconnected", { code, reason, willReconnect });
    if (willReconnect && isWanted && socket === undefined) retry();
  }

  /** Half to one and a half of a wait that doubles: pages that lost one server do not come back as one. */
  function retry() {
    const delay =
      Math.min(longestDelayMs, options.reconnectDelay * 2 ** failures) * (0.5 + Math.random());
    failures += 1;
    retryTimer = setTimeout(open, delay);
    emit("reconnecting", { attempt: failures, delay: Math.round(delay) });
  }

  function send(frame) {
    if (entered !== undefined) {
      write(frame);
      return true;
    }
    if (waiting.length >= mostWaiting) {
      emit("error", {
        type: "error",
        code: "too_many_waiting",
        message: "Too much waits already.",
      });
      return false;
    }
    waiting.push(frame);
    return true;
  }

  function write(frame) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  }

  function emit(event, detail) {
    for (const listen of [...(listeners.get(event) ?? [])]) call(listen, detail);
  }

  /** A listener that throws is the page's error, not the connection's. */
  function call(listen, detail) {
    try {
      listen(detail);
    } catch (error) {
      reportError(error);
    }
  }
})();
