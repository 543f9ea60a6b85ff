// A client of one room that knows docs/protocol/native.md and nothing else. Browsers and Node 22+.
globalThis.parlance = ({ url, room, name, token, last = 50, onEvent, onState, onToken }) => {
  const outbox = []; // what has no answer; only the first is in the air, which keeps the order
  let [failures, heartbeat, isOnline, isClosed, isSilent, position, socket, timer] = [0, 25_000];
  const send = (frame) => socket.send(JSON.stringify(frame));
  const sendFirst = () => isOnline && outbox[0] && send(outbox[0]);
  const subscribe = (from) => send({ type: "subscribe", id: "subscribe", room, ...from });
  const settle = () => outbox.shift() && sendFirst();
  function onReply(id, result) {
    if (id === outbox[0]?.id) settle();
    if (id === "subscribe") position = { epoch: result.epoch, offset: result.offset };
    if (id !== "sign_in") return;
    [failures, heartbeat, isOnline] = [0, result.heartbeat_ms, true];
    token = result.token ?? token; // brings the same guest back
    onToken?.(token);
    onState?.("online");
    subscribe(position ? { position } : { last });
    sendFirst();
  }
  function onError({ id, code, retry, details }) {
    if (retry !== "later") onState?.(`refused: ${code}`);
    if (code === "resync_required") subscribe({ last });
    else if (id !== outbox[0]?.id) lost({ code: retry === "never" ? 4500 : 4000 });
    else if (retry === "later") setTimeout(sendFirst, details?.retry_after_ms ?? 1_000);
    else settle();
  }
  function onFrame(frame) {
    isSilent = false;
    if (frame.type === "reply") return onReply(frame.id, frame.result);
    if (frame.type === "error") return onError(frame);
    const next = position?.offset + 1;
    if (frame.type === "reset" || frame.sequence > next) lost({ code: 4000 }); // a hole: resume
    if (frame.sequence !== next) return; // that, a repeat, or a mere signal
    position.offset = frame.sequence;
    onEvent?.(frame);
  }
  function watch() {
    if (isSilent) return lost({ code: 4000 });
    [isSilent, timer] = [true, setTimeout(watch, heartbeat)];
    if (isOnline) send({ type: "ping", id: "ping" });
  }
  function lost({ code }) {
    clearTimeout(timer);
    Object.assign(socket, { onclose: null, onmessage: null }).close();
    [isOnline, isClosed] = [false, isClosed || code >= 4500];
    onState?.(isClosed ? "closed" : "waiting");
    if (!isClosed) timer = setTimeout(open, Math.random() * Math.min(1e4, 250 * 2 ** failures++));
  }
  function open() {
    [socket, isSilent] = [new WebSocket(url), false];
    const who = token ? { token } : { guest: { name } };
    socket.onopen = () => send({ type: "sign_in", id: "sign_in", ...who });
    Object.assign(socket, { onclose: lost, onmessage: ({ data }) => onFrame(JSON.parse(data)) });
    timer = setTimeout(watch, heartbeat);
  }
  const publish = (text, id = `${Date.now()}-${Math.random()}`) =>
    outbox.push({ type: "publish", id, room, client_message_id: id, text }) === 1 && sendFirst();
  open();
  return { publish, close: () => lost({ code: 4999 }), waiting: () => outbox.length };
};
