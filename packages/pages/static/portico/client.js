/**
 * `createWebSocketClient()`: the connection of a page to a Parlance server in the PorticoEstate dialect. A plain
 * script without a build step. What happens is told as events of `window`: `portico:connected`,
 * `portico:disconnected`, `portico:notification`, `portico:chat`, `portico:partial_applications`, `portico:error`,
 * and `portico:message` for every frame.
 */
(() => {
  "use strict";

  /** No wait between two tries is longer or shorter than these, before its random part. */
  const longestDelayMs = 60_000;
  const shortestDelayMs = 100;
  /** A connection that was lost sooner was none: the waits go on growing. */
  const steadyMs = 10_000;

  /**
   * @param {object} [options]
   * @param {string} [options.url] Preset: `/wss` at the page's host, `wss:` where the page has `https:`.
   * @param {string} [options.token] Shows that the user is who `updateUserInfo` says, where the page's session does not.
   * @param {boolean} [options.reconnect] Preset: true.
   * @param {number} [options.reconnectDelay] Milliseconds before the first return. Preset: 3000.
   * @param {number} [options.requestTimeout] Milliseconds after which a promise gives up. Preset: 10000.
   */
  window.createWebSocketClient = (options = {}) => {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const url = options.url ?? `${scheme}//${location.host}/wss`;
    const { token, reconnect = true, requestTimeout = 10_000 } = options;
    const firstDelay = Math.max(shortestDelayMs, options.reconnectDelay || 3_000);
    /** Promises that wait for an answer: one of each kind, since frames carry no number to tell two apart. */
    const requests = new Map();
    let socket;
    let userId;
    let isClosed = false;
    let openedAt = 0;
    let failures = 0;
    let retryTimer;

    function open() {
      const opened = new WebSocket(url);
      socket = opened;
      opened.onopen = () => {
        openedAt = performance.now();
        if (userId !== undefined) sayUser();
        tell("connected", { url });
      };
      opened.onmessage = ({ data }) => {
        const frame = read(data);
        if (frame !== undefined) receive(frame);
      };
      opened.onclose = ({ code, reason }) => lose(code, reason);
      opened.onerror = () => console.error("WebSocket error");
    }

    /** What is no JSON object is not for us, and no reason to stop. */
    function read(data) {
      try {
        const frame = JSON.parse(data);
        return typeof frame === "object" && frame !== null ? frame : undefined;
      } catch {
        console.debug("Received non-JSON message:", data);
        return undefined;
      }
    }

    function receive(frame) {
      tell("message", frame);
      if (frame.type === "notification") tell("notification", frame);
      else if (frame.type === "chat") tell("chat", frame);
      else if (frame.type === "error") tell("error", frame);
      else if (frame.type === "user_info_update_confirmation") {
        settle("update_user_info", frame.success === true);
      } else if (frame.type === "partial_applications_response") {
        const { error = false, message = "", applications = [] } = frame.data ?? {};
        const answer = { ...frame.data, error, message, applications };
        settle("get_partial_applications", answer);
        tell("partial_applications", answer);
      }
    }

    function lose(code, reason) {
      const wasOpen = openedAt > 0;
      if (wasOpen && performance.now() - openedAt > steadyMs) failures = 0;
      openedAt = 0;
      // The id is told again after the return, so that promise may still come true.
      fail("get_partial_applications", "The connection was lost.");
      // 4500-4999 ask not to come back.
      const willReconnect = reconnect && !isClosed && code < 4500;
      if (wasOpen) tell("disconnected", { code, reason, willReconnect });
      if (!willReconnect || isClosed) return;
      // Half to one and a half of a wait that doubles: pages that lost one server do not come back as one.
      const longest = Math.min(longestDelayMs, firstDelay * 2 ** failures);
      failures += 1;
      retryTimer = setTimeout(open, longest * (0.5 + Math.random()));
    }

    function isOpen() {
      return socket.readyState === WebSocket.OPEN;
    }

    function write(frame) {
      socket.send(JSON.stringify({ ...frame, timestamp: new Date().toISOString() }));
    }

    function sayUser() {
      write({ type: "update_user_info", userId, ...(token === undefined ? {} : { token }) });
    }

    /** The promise of the request of that kind that is under way, else a new one. */
    function request(kind) {
      const known = requests.get(kind);
      if (known !== undefined) return known.promise;
      const made = Promise.withResolvers();
      // Pages that do not ask for the outcome are not shown an error that nobody caught.
      made.promise.catch(() => undefined);
      made.timer = setTimeout(
        () => fail(kind, "The server did not answer in time."),
        requestTimeout,
      );
      requests.set(kind, made);
      return made.promise;
    }

    function settle(kind, value) {
      const made = requests.get(kind);
      requests.delete(kind);
      clearTimeout(made?.timer);
      made?.resolve(value);
    }

    function fail(kind, text) {
      const made = requests.get(kind);
      requests.delete(kind);
      clearTimeout(made?.timer);
      made?.reject(new Error(text));
    }

    open();
    return {
      get isConnected() {
        return isOpen();
      },
      /** Says who this is, now and after each return. Resolves with what the server says to it, true or false. */
      updateUserInfo(id) {
        userId = id;
        if (isOpen()) sayUser();
        return request("update_user_info");
      },
      /** Resolves with `{ error, message, applications }` of the user. Rejects if not connected, or after a while. */
      getPartialApplications() {
        if (!isOpen()) return Promise.reject(new Error("WebSocket is not connected"));
        if (!requests.has("get_partial_applications")) write({ type: "get_partial_applications" });
        return request("get_partial_applications");
      },
      /** Sends `{ type, message, …extra, timestamp }`. Returns false, and says so in the console, if not connected. */
      sendMessage(type, message, extra = {}) {
        if (!isOpen()) {
          console.error("WebSocket is not connected");
          return false;
        }
        write({ type, message, ...extra });
        return true;
      },
      /** Ends the connection and stays away. */
      close() {
        isClosed = true;
        clearTimeout(retryTimer);
        for (const kind of [...requests.keys()]) fail(kind, "The connection was closed.");
        socket.close(1000);
      },
    };

    function tell(event, detail) {
      window.dispatchEvent(new CustomEvent(`portico:${event}`, { detail }));
    }
  };
})();
