import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, ConnectionFacts, Hooks, Identity, Report } from "@parlance/core";
import {
  type ConnectionId,
  type JsonObject,
  type Principal,
  ProtocolError,
  type RoomId,
  type UserId,
} from "@parlance/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { combineHooks, openPlugins, type Plugins } from "../index.ts";

const identity: Identity = {
  user: "123" as UserId,
  name: "Ann",
  kind: "external",
  number: 123,
  principal: "123" as Principal,
};
const asker = { identity, dialect: "native" };
const connection: ConnectionFacts = {
  connectionId: "c1" as ConnectionId,
  number: 1,
  dialect: "native",
  address: "203.0.113.7",
};

let directory: string;
let reports: Parameters<Report>[];
let executed: unknown[];
let plugins: Plugins | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "parlance-plugins-"));
  reports = [];
  executed = [];
});
afterEach(async () => {
  await plugins?.close();
  plugins = undefined;
  rmSync(directory, { recursive: true, force: true });
});

const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms);
    return { cancel: () => clearTimeout(timer) };
  },
} as Clock;

function write(text: string, name: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** Starts plug-ins of which only what is between the braces is given. */
async function start(...bodies: readonly string[]): Promise<Hooks> {
  const paths = bodies.map((body, index) =>
    write(
      `import { setTimeout as sleep } from "node:timers/promises";
       export function plugin({ z, refuse, log, publish, execute }) {
         return { name: "p${index}", timeoutMs: 300, ${body} };
       }`,
      `p${index}.mjs`,
    ),
  );
  plugins = await openPlugins(paths, {
    environment: {},
    clock,
    report: (...line) => void reports.push(line),
    execute: async (whose, plugin, command) => {
      executed.push([whose === "plugin" ? whose : whose.user, plugin, command]);
      if ((command as { room?: string }).room === "hidden") throw new ProtocolError("not_found");
      return { room: "general", message_id: "m1" };
    },
  });
  return combineHooks({}, plugins.hooks);
}

async function outcome(done: Promise<unknown> | undefined): Promise<unknown> {
  try {
    return await done;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.toWire();
  }
}
const ask = (hooks: Hooks, method: string, data?: JsonObject): Promise<unknown> =>
  outcome(hooks.rpc?.({ ...asker, method, ...(data === undefined ? {} : { data }) }));
const publish = (hooks: Hooks, text: string, data?: JsonObject): Promise<unknown> => {
  const question = {
    ...asker,
    room: "general" as RoomId,
    text,
    ...(data === undefined ? {} : { data }),
  };
  if (hooks.publish?.concerns(question) !== true) return Promise.resolve("not asked");
  return outcome(hooks.publish.ask(question));
};
const events = (): string[] => reports.map(([, event]) => event);
const unavailable = { code: "unavailable", retry: "later" };

describe("questions", () => {
  test("[HOOK-2] [RPC-1] are answered as over HTTP", async () => {
    const hooks = await start(
      `rooms: ["gen*"],
       connect: ({ url, token }) => url === "/me" ? { user_id: 7, name: String(token) } : undefined,
       join: ({ user }) => { if (user.number !== 7) throw refuse("Not you.", "no"); },
       publish: ({ text, user }) => text === "bad" ? (() => { throw refuse("Tut.", "tut"); })() : { text: text + " by " + user.name },
       methods: { who: ({ user, data, dialect }) => ({ user, data, dialect }), nothing: () => undefined }`,
    );
    const handshake = { headers: {}, url: "/me", address: "", dialect: "mmb", token: "secret" };
    expect(await hooks.connect?.(handshake)).toEqual({ user: 7, name: "undefined" });
    expect(await hooks.connect?.({ ...handshake, url: "/" })).toBeUndefined();
    const entrance = { ...asker, room: "general" as RoomId, kind: "public" } as const;
    expect(await outcome(hooks.join?.ask(entrance))).toEqual({
      code: "forbidden",
      retry: "never",
      text: "Not you.",
      details: { application_code: "no" },
    });
    const seven = { ...entrance, identity: { ...identity, number: 7 } };
    expect(await hooks.join?.ask(seven)).toBeUndefined();
    expect(hooks.join?.concerns({ ...entrance, room: "other" as RoomId })).toBe(false);
    expect(await publish(hooks, "hello")).toEqual({ text: "hello by Ann" });
    expect(await publish(hooks, "bad")).toMatchObject({ code: "rejected", text: "Tut." });
    const user = { id: "123", name: "Ann", kind: "external", number: 123 };
    expect(await ask(hooks, "who", { x: 1 })).toEqual({ user, data: { x: 1 }, dialect: "native" });
    expect(await ask(hooks, "nothing")).toBeNull();
    expect(await ask(hooks, "unknown")).toMatchObject({ code: "not_found" });
    expect(reports).toEqual([]);
  });

  test("[HOOK-2] each plug-in sees what the one before made of a message", async () => {
    const hooks = await start(
      `publish: ({ text }) => ({ text: text + " 1" })`,
      `publish: () => undefined`,
      `publish: ({ text }) => ({ text: text + " 2", data: { seen: true } })`,
    );
    expect(await publish(hooks, "x")).toEqual({ text: "x 1 2", data: { seen: true } });
  });
});

describe("a message type", () => {
  const body = `
    messages: { location: z.strictObject({ type: z.literal("p0.location"), lat: z.number().min(-90).max(90) }) },
    commands: {
      send: {
        summary: "Send a place",
        data: z.strictObject({ lat: z.number().min(-90).max(90), room: z.string().default("general") }),
        async run({ data, publish }) {
          const { message_id } = await publish(data.room, { text: "A place", data: { type: "p0.location", lat: data.lat } });
          return { message_id };
        },
      },
      late: {
        summary: "Acts when it may not any more", data: z.unknown(),
        run({ publish }) { setTimeout(() => publish("general", { text: "late" }).catch((error) => log(error.name)), 50); },
      },
    },
    extend(client) { client.places = { send: (lat) => client.rpc("p0.send", { lat }) }; }`;

  test("[SC-13] of a plug-in has to fit its schema, and other messages are not asked about", async () => {
    const hooks = await start(body);
    expect(await publish(hooks, "x", { type: "p0.location", lat: 51 })).toEqual({
      text: "x",
      data: { type: "p0.location", lat: 51 },
    });
    expect(await publish(hooks, "x", { type: "p0.location", lat: 91 })).toMatchObject({
      code: "bad_request",
      details: { field: "data.lat" },
    });
    expect(await publish(hooks, "x", { type: "p0.nothing" })).toMatchObject({
      code: "bad_request",
      details: { field: "data.type" },
    });
    expect(await publish(hooks, "x", { type: "other" })).toBe("not asked");
    expect(await publish(hooks, "x")).toBe("not asked");
  });

  test("[SC-13] its command is checked, and acts in the name of who asks, as long as the question is open", async () => {
    const hooks = await start(body);
    expect(await ask(hooks, "p0.send", { lat: 51 })).toEqual({ message_id: "m1" });
    const data = { type: "p0.location", lat: 51 };
    const command = { type: "publish", room: "general", text: "A place", data };
    expect(executed).toEqual([["123", "p0", command]]);
    expect(await ask(hooks, "p0.send", { lat: "51" })).toMatchObject({
      code: "bad_request",
      details: { field: "data.lat" },
    });
    expect(await ask(hooks, "p0.send")).toMatchObject({ code: "bad_request" });
    expect(await ask(hooks, "p0.send", { lat: 1, room: "hidden" })).toMatchObject({
      code: "not_found",
    });
    await ask(hooks, "p0.late");
    await expect
      .poll(() => reports)
      .toEqual([["info", "plugin_says", { plugin: "p0", text: "unauthenticated" }]]);
  });

  test("[SC-13] says in its manifest what the API's document and pages need", async () => {
    await start(body);
    const [manifest] = plugins?.manifests ?? [];
    expect(manifest?.commands[0]).toMatchObject({
      name: "send",
      summary: "Send a place",
      data: { type: "object", properties: { lat: { type: "number", maximum: 90 } } },
    });
    const url = `data:text/javascript,${encodeURIComponent(manifest?.client ?? "")}`;
    const { extend } = (await import(/* @vite-ignore */ url)) as {
      extend: (client: object) => void;
    };
    const client = {
      rpc: (...asked: unknown[]) => asked,
      places: { send: (_: number): unknown => 0 },
    };
    extend(client);
    expect(client.places.send(51)).toEqual(["p0.send", { lat: 51 }]);
  });
});

describe("a plug-in that is out of order", () => {
  const broken: readonly (readonly [string, string, RegExp])[] = [
    ["throws", `throw new TypeError("oh")`, /^TypeError: oh$/],
    ["rejects with nothing", `return Promise.reject()`, /^undefined$/],
    ["never answers", `return new Promise(() => {})`, /^timeout$/],
    ["answers rubbish", `return { text: 5 }`, /not understood/],
    ["answers what cannot be copied", `return { text: () => {} }`, /DataCloneError/],
  ];
  test.each(broken)("[HOOK-5] %s", async (_, code, reason) => {
    const hooks = await start(
      `publish() { ${code} }`,
      `fallback: "pass", publish() { ${code} }`,
      `methods: { m() { ${code}; } }`,
    );
    const [first, second] = plugins?.hooks ?? [];
    expect(await publish({ publish: first?.publish } as Hooks, "x")).toMatchObject(unavailable);
    expect(await publish({ publish: second?.publish } as Hooks, "x")).toEqual({ text: "x" });
    if (!code.includes("text")) expect(await ask(hooks, "m")).toMatchObject(unavailable);
    for (const [level, event, fields] of reports) {
      expect([level, event]).toEqual(["warn", "hook_failed"]);
      expect(fields["reason"]).toMatch(reason);
    }
    expect(reports.length).toBeGreaterThan(1);
  });

  test.each([
    ["runs in circles", `for (;;);`],
    [
      "throws when nobody looks",
      `setTimeout(() => { throw new Error("later"); }, 1); return new Promise(() => {});`,
    ],
    ["leaves a promise alone", `Promise.reject(new Error("alone")); return new Promise(() => {});`],
    ["ends the process", `process.exit(3);`],
  ])("[HOOK-5] [SC-13] %s: nobody waits for long, and it is there again", async (_, code) => {
    const hooks = await start(
      `methods: { ok: () => "well", bad() { ${code} } }`,
      `methods: { other: () => 1 }`,
    );
    const since = performance.now();
    expect(await ask(hooks, "bad")).toMatchObject(unavailable);
    expect(performance.now() - since).toBeLessThan(5_000);
    expect(await ask(hooks, "other")).toBe(1);
    await expect.poll(events, { timeout: 10_000 }).toContain("plugin_ended");
    await expect.poll(() => ask(hooks, "ok"), { timeout: 10_000 }).toBe("well");
  });

  test.each([
    ["no function plugin", "export const x = 1;", "it exports no function named plugin"],
    ["a syntax error", "export function plugin( {", "SyntaxError"],
    ["a throw", 'export function plugin() { throw new Error("no database"); }', "no database"],
    ["no name", "export const plugin = () => ({});", "plugin.name"],
    ["a name with a dot", 'export const plugin = () => ({ name: "a.b" });', "plugin.name"],
    [
      "a part that is none",
      'export const plugin = () => ({ name: "a", onMessage() {} });',
      "onMessage",
    ],
    [
      "a schema that is none",
      'export const plugin = () => ({ name: "a", messages: { b: {} } });',
      "plugin.messages.b: a schema",
    ],
    ["an end while it is loaded", "process.exit(1); export const plugin = 1;", "it ended with 1"],
  ])("[SC-13] %s stops the start, with the reason", async (_, text, reason) => {
    const path = write(text, "bad.mjs");
    const options = { environment: {}, clock, report: () => {}, execute: async () => ({}) };
    await expect(openPlugins([path], options)).rejects.toThrow(reason);
    await expect(openPlugins([join(directory, "absent.ts")], options)).rejects.toThrow(/absent/);
  });
});

describe("moments", () => {
  test("[CL-02] are told to whoever hears them, and what comes of it holds up nobody", async () => {
    await start(
      `connected: ({ number, address }) => log("open " + number + " " + address),
       message: async ({ room, user, text }) => { log(user.name + ": " + text); await publish(room, { text: "heard", key: "k" }); },
       closed: ({ number, reason }) => log("closed " + number + " " + reason),
       error: ({ code }) => { log(code); throw new Error("in the handler"); }`,
      `message: () => { for (;;); }`,
    );
    const { moments } = plugins ?? {};
    moments?.connected(connection);
    moments?.message({
      ...asker,
      said: { text: "hello" },
      published: { room: "general", sequence: 1, message_id: "m1", time: "" } as never,
    });
    moments?.failed({ ...connection, identity }, new ProtocolError("not_found"));
    moments?.closed(connection, "1001");
    const says = (): unknown[] =>
      reports.flatMap(([, event, { text }]) => (event === "plugin_says" ? [text] : []));
    await expect
      .poll(says, { timeout: 10_000 })
      .toEqual([
        "open 1 203.0.113.7",
        "Ann: hello",
        "not_found",
        "error: Error: in the handler",
        "closed 1 1001",
      ]);
    // The other one, which nobody asks anything, was found to run in circles.
    await expect.poll(events, { timeout: 10_000 }).toContain("plugin_ended");
    expect(executed).toEqual([
      ["plugin", "p0", { type: "publish", room: "general", text: "heard", client_message_id: "k" }],
    ]);
  });
});
