/** How the load generator speaks to each server: to ours, and to the small servers around the peers. */
import type { Talk } from "./load.ts";

let run = 0;

/** The options of one run at a Parlance server. Message ids are new in each run, or they would be repeats. */
export function publishOptions(room = "{room}"): string[] {
  run += 1;
  const id = `${process.pid}-${run}-{seq}`;
  return [
    "--pub-template",
    `{"type":"publish","id":9,"room":"${room}","client_message_id":"${id}","text":"{payload}"}`,
  ];
}

/** Sign-in by token, then a subscription with presence. */
export function parlanceTalk(port: number, tokens: readonly string[], room = "{room}"): Talk {
  return {
    url: `ws://127.0.0.1:${port}/ws`,
    setup: [
      'send {"type":"sign_in","id":1,"token":"{line}"}',
      'wait {"type":"reply","id":1',
      `send {"type":"subscribe","id":2,"room":"${room}","presence":true}`,
      'wait {"type":"reply","id":2',
    ].join("\n"),
    options: publishOptions(room),
    lines: tokens,
  };
}

/** Of the application that Parlance speaks Pusher with here. */
export const pusherKey = "bench-key";

/** Pusher's clients on a public channel. Messages come by the native dialect, since pages send none of their own there. */
export function pusherTalk(port: number, tokens: readonly string[]): Talk {
  return {
    url: `ws://127.0.0.1:${port}/app/${pusherKey}?protocol=7&client=js&version=8.6.0`,
    setup: [
      'wait "pusher:connection_established"',
      'send {"event":"pusher:subscribe","data":{"channel":"{room}"}}',
      'wait "pusher_internal:subscription_succeeded"',
    ].join("\n"),
    options: publishOptions(),
    lines: tokens,
    publisher: {
      url: `ws://127.0.0.1:${port}/ws`,
      setup: 'send {"type":"sign_in","id":1,"token":"{line}"}\nwait {"type":"reply","id":1',
    },
  };
}

/** The plain JSON protocol of the peers' small servers: no sign-in, no history, no ids of the client. */
export function plainTalk(port: number): Talk {
  return {
    url: `ws://127.0.0.1:${port}/`,
    setup: 'send {"t":"join","room":"{room}"}\nwait "joined"',
    options: ["--pub-template", '{"t":"msg","room":"{room}","d":"{payload}"}'],
  };
}

/** Socket.IO, without sign-in and history. */
export function socketIoTalk(port: number): Talk {
  return {
    url: `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`,
    setup: 'wait 0{\nsend 40\nwait 40{\nsend 420["join","{room}"]\nwait 430[',
    options: ["--sio", "--pub-template", '42["msg","{room}","{payload}"]'],
  };
}

/** Socket.IO with sign-in, membership and messages kept in PostgreSQL. */
export function socketIoChatTalk(port: number, tokens: readonly string[]): Talk {
  const message = '{"chatId":"{room}","content":"{payload}","messageType":"text"}';
  return {
    url: `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`,
    setup: 'wait 0{\nsend 40{"token":"{line}"}\nwait 42["connected"',
    options: ["--sio", "--pub-template", `42["message:send",${message}]`],
    lines: tokens,
  };
}
