// A client of one room that knows docs/protocol/native.md and nothing else. Browsers and Node 22+.
globalThis.parlance = ({ url, room, name, token, last = 50, ...on }) => {
  const outbox = []; // what has no answer; only the first is in the air, which keeps the order
  let [failures, heartbeat, isOnline, isClosed, isSilent] = [0, 25_000, false, false, false];
  let socket, position, timer;
  const send = (frame) => socket.send(JSON.stringify(frame));
  const sendFirst = () => isOnline && outbox[0] && send(outbox[0]);
  const start = () => (position ? { position } : { last });
  const subscribe = () => send({ type: "subscribe", id: "subscribe", room, ...start() });
  function settle(error) {
    const message = outbox.shift();
    if (error) on.failed?.(message, error);
    sendFirst();
  }
  function onReply(id, result) {
    if (id === outbox[0]?.id) settle();
    else if (id === "subscribe") position = { epoch: result.epoch, offset: result.offset };
    else if (id === "sign_in") {
      if (result.token) on.token?.((token = result.token));
      [failures, heartbeat, isOnline] = [0, result.heartbeat_ms, true];
      on.state?.("online");
      subscribe();
      sendFirst();
    }
  }
  function onError({ id, code, retry, ...error }) {
    if (id === outbox[0]?.id && retry !== "later") settle({ code, ...error });
    else if (id === outbox[0]?.id) setTimeout(sendFirst, error.details?.retry_after_ms ?? 1_000);
    else if (retry === "after_resync") subscribe((position = undefined));
    else lost({ code: retry === "never" ? 4500 : 4000 });
  }
  function onEvent(event) {
    if (!position || event.sequence <= position.offset) return; // a repeat
    if (event.sequence > position.offset + 1) return lost({ code: 4000 }); // a hole: resume
    position.offset = event.sequence;
    on.event?.(event);
  }
  function open() {
    socket = new WebSocket(url);
    const who = token ? { token } : { guest: { name } };
    socket.onopen = () => send({ type: "sign_in", id: "sign_in", ...who });
    socket.onclose = lost;
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      isSilent = false;
      if (frame.type === "reply") onReply(frame.id, frame.result);
      else if (frame.type === "error") onError(frame);
      else if (frame.type === "reset") lost({ code: 4000 });
      else if (frame.room === room && frame.sequence) onEvent(frame);
    };
    clearInterval(timer);
    timer = setInterval(watch, heartbeat);
  }
  function lost({ code }) {
    [socket.onclose, socket.onmessage] = [null, null];
    socket.close();
    [isOnline, isClosed] = [false, isClosed || code >= 4500];
    on.state?.(isClosed ? "closed" : "waiting");
    if (!isClosed) setTimeout(open, Math.random() * Math.min(10_000, 250 * 2 ** failures++));
  }
  open();
  return {
    close: () => lost({ code: 4999 }),
    publish(text) {
      const id = `${Date.now()}-${Math.random()}`; // made once, the same in every attempt
      if (outbox.push({ type: "publish", id, room, client_message_id: id, text }) === 1)
        sendFirst();
    },
  };
};
