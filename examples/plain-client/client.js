// A whole client in plain JavaScript, for one room: it knows docs/protocol/native.md and nothing else.
// Nothing is lost, doubled or reordered when the line breaks or the server is killed. Browsers and Node 22+.
globalThis.parlance = function connect({ url, room, name, token, last = 50, ...on }) {
  const outbox = []; // messages without an answer; only the first is in the air, which keeps their order
  let socket, position, isOnline, isClosed, heard, heartbeat = 25_000, failures = 0;
  const send = (frame) => socket.send(JSON.stringify(frame));
  const subscribe = () => send({ type: "subscribe", id: "subscribe", room, last });
  const sendFirst = () => isOnline && outbox[0] && send({ type: "publish", id: outbox[0].client_message_id, room, ...outbox[0] });
  const replies = {
    sign_in(result) {
      if (result.token) on.onToken?.((token = result.token));
      heartbeat = result.heartbeat_ms;
      [isOnline, failures] = [true, 0];
      on.onState?.("online", result.user);
      if (position) send({ type: "resume", id: "resume", rooms: [{ room, position }] });
      else subscribe();
      sendFirst();
    },
    subscribe: ({ epoch, offset }) => (position = { epoch, offset }),
    resume: ({ rooms: [{ error }] }) => error && failed({ id: "resume", ...error }),
  };
  function settled(error) {
    const message = outbox.shift();
    if (error) on.onFailed?.(message, error);
    sendFirst();
  }
  function failed(error) {
    const isMessage = error.id === outbox[0]?.client_message_id;
    if (isMessage && error.retry === "later") setTimeout(sendFirst, error.details?.retry_after_ms ?? 1_000);
    else if (isMessage) settled(error);
    else if (error.code === "resync_required") [position] = [undefined, subscribe()];
    else if (error.id === "sign_in" && error.retry === "after_auth") [token] = [undefined, socket.close()];
    else if (error.retry === "later") socket.close();
    else if (error.id in replies) close(error);
  }
  function receive(frame) {
    heard = Date.now();
    if (frame.type === "error") failed(frame);
    else if (frame.type === "reply" && frame.id === outbox[0]?.client_message_id) settled();
    else if (frame.type === "reply") replies[frame.id]?.(frame.result);
    else if (frame.type === "reset") [position] = [undefined, socket.close()];
    else if (frame.room !== room || !position || !(frame.sequence > position.offset)) return;
    else if (frame.sequence > position.offset + 1) socket.close(); // a hole: resume by position
    else on.onMessage?.(frame, (position.offset = frame.sequence));
  }
  function open() {
    socket = new WebSocket(url);
    socket.onopen = () => send({ type: "sign_in", id: "sign_in", ...(token ? { token } : { guest: { name } }) });
    socket.onmessage = ({ data }) => receive(JSON.parse(data));
    const watch = setInterval(() => (Date.now() - heard > 2 * heartbeat ? socket.close() : isOnline && send({ type: "ping", id: "ping" })), heartbeat, (heard = Date.now()));
    socket.onclose = ({ code }) => {
      [isOnline, isClosed] = [clearInterval(watch), isClosed || code >= 4500];
      on.onState?.(isClosed ? "closed" : "waiting", code);
      if (!isClosed) setTimeout(open, Math.random() * Math.min(10_000, 250 * 2 ** failures++));
    };
  }
  const close = () => [(isClosed = true), socket.close()];
  const publish = (text) => outbox.push({ client_message_id: `${Date.now()}-${Math.random().toString(36).slice(2)}`, text }) === 1 && sendFirst();
  open();
  return { publish, close, outbox };
};
