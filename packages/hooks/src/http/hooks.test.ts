import type { Identity, JoinQuestion, PublishQuestion, RpcQuestion } from "@parlance/core";
import type { ClientMessageId, Principal, RoomId, UserId } from "@parlance/protocol";
import { ProtocolError } from "@parlance/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Answer, TestApplication } from "../../test/application.ts";
import {
  createJoinHook,
  createPublishHook,
  createRpcHook,
  type PublishHookOptions,
} from "../index.ts";

const identity: Identity = {
  user: "123" as UserId,
  name: "Ann",
  kind: "external",
  number: 123,
  principal: "123" as Principal,
};
const asker = { identity, dialect: "portico" };
const message: PublishQuestion = {
  ...asker,
  room: "general" as RoomId,
  clientMessageId: "m-1" as ClientMessageId,
  text: "hello",
  data: { mood: "good" },
};
const question: RpcQuestion = { ...asker, method: "partial_applications", data: { open: true } };
const entrance: JoinQuestion = { ...asker, room: "booking_7" as RoomId, kind: "public" };
const user = { id: "123", name: "Ann", kind: "external", number: 123 };

let application: TestApplication;
beforeEach(async () => {
  application = await TestApplication.start();
});
afterEach(() => application.close());

async function outcome(done: Promise<unknown>): Promise<unknown> {
  try {
    return await done;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.toWire();
  }
}

function publish(more: Partial<PublishHookOptions> = {}): Promise<unknown> {
  const options = { ...application.options(), fallback: "refuse", rooms: ["*"], backEnds: false };
  return outcome(createPublishHook({ ...options, ...more } as PublishHookOptions).ask(message));
}
function rpc(timeoutMs = 5_000): Promise<unknown> {
  return outcome(createRpcHook({ ...application.options(), timeoutMs }).rpc(question));
}

/** What every back end that is out of order does, and what the operator is told of it. */
const troubles: readonly (readonly [string, Answer, string])[] = [
  ["fails", (_, response) => response.writeHead(500).end('{"text":"x"}'), "status 500"],
  ["is somewhere else", (_, response) => response.writeHead(404).end("Not Found"), "status 404"],
  [
    "redirects",
    (_, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
    "status 302",
  ],
  ["prints an error", (_, response) => response.end("Fatal error: …"), "answer not understood"],
  ["says nothing at all", (_, response) => response.end(), "answer not understood"],
  ["breaks the line", (_, response) => response.destroy(), "unreachable"],
  [
    "answers half",
    (_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("{", () => response.destroy());
    },
    "answer broke off",
  ],
  [
    "answers with a gigabyte",
    (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
      };
      response.writeHead(200, { "content-length": String(2 ** 30) }).on("drain", more);
      more();
    },
    "answer too long",
  ],
  ["does not answer", () => {}, "timeout"],
  ["begins and does not end", (_, response) => void response.writeHead(200).write("{"), "timeout"],
];

describe("a back end that is out of order", () => {
  test.each(troubles)("[HOOK-5] [RPC-2] %s", async (_, answer, reason) => {
    application.answer = answer;
    const timeoutMs = reason === "timeout" ? 150 : 5_000;
    const refused = { code: "unavailable", retry: "later", details: { retry_after_ms: 1_000 } };
    expect(await publish({ timeoutMs })).toMatchObject(refused);
    expect(await publish({ timeoutMs, fallback: "pass" })).toEqual({
      text: "hello",
      data: { mood: "good" },
    });
    expect(await rpc(timeoutMs)).toMatchObject(refused);
    expect(application.reports).toEqual(
      [
        { hook: "publish", fallback: "refuse" },
        { hook: "publish", fallback: "pass" },
        { hook: "rpc", fallback: "refuse" },
      ].map((fields) => ["warn", "hook_failed", { ...fields, reason }]),
    );
  });

  test("[HOOK-5] nobody listens", async () => {
    const options = application.options();
    await application.close();
    application = await TestApplication.start();
    const hook = createRpcHook({ ...options, report: (...line) => application.reports.push(line) });
    expect(await outcome(hook.rpc(question))).toMatchObject({ code: "unavailable" });
    expect(application.reasons()).toEqual(["unreachable"]);
  });

  test("[HOOK-5] is left alone for a moment where its silence lets everything pass, and found again", async () => {
    application.says(500);
    const options = { ...application.options(), rooms: ["*"], backEnds: false } as const;
    const hook = createPublishHook({ ...options, fallback: "pass" });
    for (let n = 0; n < 8; n += 1) await hook.ask(message);
    expect(application.asked).toHaveLength(5);
    expect(application.reports.map(([, event]) => event)).toEqual(["hook_failed", "hook_paused"]);
    application.says(403);
    application.now += 2_000;
    expect(await outcome(hook.ask(message))).toMatchObject({ code: "rejected" });
    // Where silence refuses, a back end that is up again is heard at once.
    application.says(500);
    const strict = createPublishHook({ ...options, fallback: "refuse" });
    for (let n = 0; n < 8; n += 1) await outcome(strict.ask(message));
    application.says(204);
    expect(await strict.ask(message)).toMatchObject({ text: "hello" });
  });

  test("[HOOK-5] a flood of failures is a line a second, with their number", async () => {
    application.says(500);
    const { rpc: ask } = createRpcHook(application.options());
    for (let n = 0; n < 20; n += 1) await outcome(ask(question));
    application.now += 1_000;
    await outcome(ask(question));
    expect(application.reports.map(([, , fields]) => fields["more"])).toEqual([undefined, 19]);
  });

  test("[HOOK-5] so many are asked at once; who comes later waits its turn, and not for ever", async () => {
    const held: (() => void)[] = [];
    application.answer = (_, response) => void held.push(() => response.writeHead(204).end());
    const { rpc: ask } = createRpcHook({ ...application.options(), atOnce: 2 });
    const asked = [1, 2, 3].map(() => ask(question));
    await expect.poll(() => held.length).toBe(2);
    held.shift()?.();
    await expect.poll(() => held.length).toBe(2);
    for (const answer of held.splice(0)) answer();
    expect(await Promise.all(asked)).toEqual([null, null, null]);

    const hurried = createRpcHook({ ...application.options(), atOnce: 1, timeoutMs: 200 });
    const late = await Promise.all([1, 2].map(() => outcome(hurried.rpc(question))));
    expect(late).toMatchObject([{ code: "unavailable" }, { code: "unavailable" }]);
    expect(held).toHaveLength(1);
    // Whether the second one's time or the first one's place ends first is a matter of a millisecond.
    for (const reason of application.reasons()) {
      expect(["timeout", "too many questions under way"]).toContain(reason);
    }
  });

  test("a line to it is used again", async () => {
    const { rpc: ask } = createRpcHook(application.options());
    for (let n = 0; n < 20; n += 1) await ask(question);
    expect(application.asked).toHaveLength(20);
    expect(application.connections).toBeLessThan(5);
  });
});

describe("publish", () => {
  test("[HOOK-2] the application is told who says what where", async () => {
    await publish();
    expect(application.questions()).toEqual([
      {
        type: "publish",
        user,
        dialect: "portico",
        room: "general",
        client_message_id: "m-1",
        text: "hello",
        data: { mood: "good" },
      },
    ]);
    expect(application.asked[0]?.headers["parlance-signature"]).toMatch(/^t=1764201600,v1=/);
  });

  test.each([
    ["nothing", 204, "", { text: "hello", data: { mood: "good" } }],
    ["an empty object", 200, "{}", { text: "hello", data: { mood: "good" } }],
    ["what PHP makes of one", 200, "[]", { text: "hello", data: { mood: "good" } }],
    ["another text", 200, '{"text":"***"}', { text: "***", data: { mood: "good" } }],
    ["other data", 200, '{"data":{"a":[1]}}', { text: "hello", data: { a: [1] } }],
    ["no data any more", 200, '{"data":null}', { text: "hello" }],
    [
      "a thread, an answer, mentions",
      200,
      '{"thread":"7","reply_to":null,"mentions":{"users":["bob"]},"author":"eve"}',
      {
        text: "hello",
        data: { mood: "good" },
        thread: "7",
        reply_to: null,
        mentions: { users: ["bob"] },
      },
    ],
    [
      "somebody else, somewhere else",
      200,
      '{"text":"x","room":"vip","author":"bob","user":{"id":"bob"},"author_name":"Bob"}',
      { text: "x", data: { mood: "good" } },
    ],
  ])("[HOOK-2] %s", async (_, status, text, expected) => {
    application.says(status, text);
    expect(await publish()).toEqual(expected);
    expect(application.reports).toEqual([]);
  });

  test.each([
    ["a text that is a number", '{"text":5}', "text not understood"],
    ["an empty text", '{"text":""}', "text not understood"],
    [
      "a text that is too long",
      JSON.stringify({ text: "x".repeat(16_385) }),
      "text not understood",
    ],
    ["data that is a text", '{"data":"x"}', "data not understood"],
    [
      "data that is too large",
      JSON.stringify({ data: { x: "x".repeat(32_768) } }),
      "data not understood",
    ],
    ["a list", "[1]", "answer not understood"],
    ["a text", '"ok"', "answer not understood"],
  ])("[HOOK-5] %s is no answer", async (_, text, reason) => {
    application.says(200, text);
    expect(await publish()).toMatchObject({ code: "unavailable" });
    expect(application.reasons()).toEqual([reason]);
  });

  test.each([
    ["", undefined, undefined],
    ['{"text":"Not here."}', "Not here.", undefined],
    ['{"text":"Not here.","code":"off_topic"}', "Not here.", { application_code: "off_topic" }],
    ['{"text":7,"code":"a b"}', undefined, undefined],
    ["<h1>Forbidden</h1>", undefined, undefined],
  ])("[HOOK-2] 403 %s rejects", async (text, words, details) => {
    application.says(403, text);
    const wire = await publish({ fallback: "pass" });
    expect(wire).toMatchObject({
      code: "rejected",
      retry: "never",
      text: words ?? "The application does not take that message.",
    });
    expect((wire as { details?: unknown }).details).toEqual(details);
    expect(application.reports).toEqual([]);
  });

  test("[HOOK-2] only rooms of the patterns are asked about, and back ends where they are meant", () => {
    const concerns = (
      rooms: string[],
      room: string,
      more: object = {},
      backEnds = false,
    ): boolean =>
      createPublishHook({ ...application.options(), fallback: "pass", rooms, backEnds }).concerns({
        ...message,
        identity: { ...identity, ...more },
        room: room as RoomId,
      });
    expect(concerns(["*"], "general")).toBe(true);
    expect(concerns(["chat_*", "lobby"], "chat_7")).toBe(true);
    expect(concerns(["chat_*", "lobby"], "lobby")).toBe(true);
    expect(concerns(["chat_*", "lobby"], "lobby2")).toBe(false);
    expect(concerns(["a.c"], "abc")).toBe(false);
    expect(concerns([], "general")).toBe(false);
    expect(concerns(["*"], "general", { scopes: ["publish"] })).toBe(false);
    expect(concerns(["*"], "general", { scopes: ["publish"] }, true)).toBe(true);
  });
});

describe("rpc", () => {
  test("[RPC-1] the application is told who asks for what", async () => {
    await rpc();
    const { data, method } = question;
    expect(application.questions()).toEqual([
      { type: "rpc", user, dialect: "portico", method, data },
    ]);
  });

  test.each([
    ['{"applications":[{"id":7}]}', { applications: [{ id: 7 }] }],
    ["[]", []],
    ["null", null],
    ["false", false],
    ['"text"', "text"],
  ])("[RPC-1] 200 %s", async (text, expected) => {
    application.says(200, text);
    expect(await rpc()).toEqual(expected);
  });

  test("[RPC-1] 128 KiB are read, and of more nothing", async () => {
    application.says(200, `"${"x".repeat(131_070)}"`);
    expect(await rpc()).toHaveLength(131_070);
    application.says(200, `"${"x".repeat(131_071)}"`);
    expect(await rpc()).toMatchObject({ code: "unavailable" });
    expect(application.reasons()).toEqual(["answer too long"]);
  });

  test.each([400, 403, 404, 409, 422])(
    "[RPC-2] %d with words is the application's refusal",
    async (status) => {
      application.says(status, '{"code":"taken","text":"The hall is taken that day."}');
      expect(await rpc()).toEqual({
        code: "rpc_failed",
        retry: "never",
        text: "The hall is taken that day.",
        details: { application_code: "taken" },
      });
      expect(application.reports).toEqual([]);
    },
  );
});

describe("join", () => {
  const join = (more: object = {}) =>
    createJoinHook({
      ...application.options(),
      fallback: "refuse",
      rooms: ["booking_*"],
      rememberMs: 60_000,
      ...more,
    });

  test("[HOOK-1] the application is told who comes in where, and what it says is remembered", async () => {
    const hook = join();
    expect(hook.concerns(entrance)).toBe(true);
    await Promise.all(Array.from({ length: 50 }, () => hook.ask(entrance)));
    expect(application.questions()).toEqual([
      { type: "join", user, dialect: "portico", room: "booking_7", kind: "public" },
    ]);
    expect(hook.concerns(entrance)).toBe(false);
    expect(hook.concerns({ ...entrance, room: "booking_8" as RoomId })).toBe(true);
    expect(hook.concerns({ ...entrance, room: "general" as RoomId })).toBe(false);
    const bob = { ...identity, user: "124" as UserId };
    expect(hook.concerns({ ...entrance, identity: bob })).toBe(true);
    application.now += 60_000;
    expect(hook.concerns(entrance)).toBe(true);
  });

  test("[HOOK-1] a refusal is remembered as well, in the application's words", async () => {
    application.says(403, '{"text":"Book the hall first.","code":"not_booked"}');
    const hook = join();
    for (let n = 0; n < 3; n += 1) {
      expect(await outcome(hook.ask(entrance))).toEqual({
        code: "forbidden",
        retry: "never",
        text: "Book the hall first.",
        details: { application_code: "not_booked" },
      });
    }
    expect(application.asked).toHaveLength(1);
    application.now += 60_000;
    application.says(200, "{}");
    await hook.ask(entrance);
  });

  test("[HOOK-5] what silence says is not remembered, and rubbish lets nobody in", async () => {
    const hook = join();
    for (const trouble of [500, 200] as const) {
      application.says(trouble, "Warning: undefined variable");
      expect(await outcome(hook.ask(entrance))).toMatchObject({ code: "unavailable" });
    }
    application.says(204);
    await hook.ask(entrance);
    application.says(500);
    const kind = join({ fallback: "allow" });
    await kind.ask(entrance);
    expect(kind.concerns(entrance)).toBe(true);
  });
});
