import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { connect, seen, send } from "../systems/install.ts";
import { Caller, libraries, python, shell } from "./languages.ts";
import { Scene } from "./scene.ts";

let scene: Scene;
let key: string;
let readOnlyKey: string;
beforeAll(async () => {
  scene = await Scene.start();
  key = await scene.key("publish");
  readOnlyKey = await scene.key("read");
}, 60_000);
afterAll(() => scene?.close());

/** In order, each once, and with words that have to be escaped. */
const words: readonly string[] = Array.from(
  { length: 30 },
  (_, n) => `Booking ${n} "for" \\ Änn 👋 </script>\n\ttwo lines`,
);

/** A page of PorticoEstate's, as it is before somebody says who it is. */
async function porticoPage(user: number): ReturnType<typeof connect> {
  const page = await connect(scene.server.port, "/wss");
  send(page, { type: "update_user_info", userId: user });
  await seen(page, { type: "user_info_update_confirmation" });
  return page;
}

describe.each(libraries)("publishing in %s", (...library) => {
  const [interpreter] = library;
  const callers: Caller[] = [];
  const call = (
    environment: Readonly<Record<string, string>>,
    name: string,
    ...values: readonly unknown[]
  ): ReturnType<Caller["call"]> => {
    const caller = new Caller(library, scene.environment(key, environment));
    callers.push(caller);
    return caller.call(name, ...values);
  };
  const room = `order-${interpreter}`;
  afterEach(async () => {
    for (const caller of callers.splice(0)) await caller.close();
    expect(scene.spooled()).toEqual([]);
  });

  requires(interpreter)(
    "[MMB-15] what is published is there once, in order, as it was said",
    async () => {
      const caller = new Caller(library, scene.environment(key));
      callers.push(caller);
      for (const [index, text] of words.entries()) {
        const data = { n: index, price: 98.5, nothing: null, list: [1, { deep: "ä" }], object: {} };
        const { ok } = await caller.call("publish", { room, text, data });
        expect(ok).toMatchObject({
          by: "http",
          idempotency_key: expect.stringMatching(/^[0-9a-f]{32}$/),
          results: [{ room, sequence: index + 1 }],
        });
      }
      const log = await scene.log(room);
      expect(log.map(({ data }) => data.text)).toEqual(words);
      expect(log[3]).toMatchObject({
        author: "service:shop",
        data: { data: { n: 3, price: 98.5 } },
      });
    },
  );

  requires(interpreter)("reaches rooms, users whose ids are numbers, and everybody", async () => {
    const rooms = async (target: object): Promise<readonly string[]> => {
      const { ok } = await call({}, "publish", { ...target, text: "Hello" });
      return (ok as { results: { room: string }[] }).results.map((result) => result.room);
    };
    expect(await rooms({ rooms: [`${room}-a`, `${room}-b`] })).toEqual([`${room}-a`, `${room}-b`]);
    expect(await rooms({ user: 42 })).toEqual(["user:42"]);
    expect(await rooms({ users: [42, "u_7"] })).toEqual(["user:42", "user:u_7"]);
    expect(await rooms({ everyone: true })).toEqual(["notifications"]);
    const { ok } = await call({}, "publish", { room: `${room}-empty`, data: {} });
    expect(ok).toMatchObject({ by: "http" });
    expect(await scene.log(`${room}-empty`)).toMatchObject([{ data: { data: {} } }]);
  });

  requires(interpreter)(
    "[J16] [J17] [R4] a key of one's own makes a second try harmless",
    async () => {
      const once = { room: `${room}-once`, text: "Once", idempotency_key: "booking-1" };
      expect((await call({}, "publish", once)).ok).toMatchObject({ idempotency_key: "booking-1" });
      expect((await call({}, "publish", once)).ok).toMatchObject({ results: [{ repeated: true }] });
      expect((await call({}, "publish", { ...once, text: "Twice" })).refused?.code).toBe(
        "conflict",
      );
      expect(await scene.texts(once.room)).toEqual(["Once"]);
    },
  );

  requires(interpreter)(
    "what the server refuses is told with its code, and goes to no spool",
    async () => {
      const message = { room: `${room}-refused`, text: "x" };
      const codeOf = async (
        publication: object,
        environment: Readonly<Record<string, string>> = {},
      ): Promise<unknown> => {
        const { refused } = await call(environment, "publish", publication);
        return [refused?.code, refused?.details["field"]];
      };
      const other = `plk_${"0".repeat(20)}_x`;
      expect(await codeOf(message, { PARLANCE_API_KEY: other })).toEqual([
        "unauthenticated",
        undefined,
      ]);
      expect(await codeOf(message, { PARLANCE_API_KEY: readOnlyKey })).toEqual([
        "forbidden",
        undefined,
      ]);
      expect(await codeOf({ ...message, text: "x".repeat(16_385) })).toEqual(["too_large", "text"]);
      expect(await codeOf({ ...message, room: "../x" })).toEqual(["bad_request", "room"]);
      expect(await codeOf({ ...message, data: [1] })).toEqual(["bad_request", "data"]);
      expect(await scene.texts(message.room)).toEqual([]);
    },
  );

  requires(interpreter)("what any server would refuse is refused without one", async () => {
    const nowhere = { PARLANCE_URL: "http://127.0.0.1:1" };
    const codeOf = async (publication: object): Promise<unknown> =>
      (await call(nowhere, "publish", publication)).refused?.code;
    expect(await codeOf({ text: "x" })).toBe("bad_request");
    expect(await codeOf({ room: "a", user: "b", text: "x" })).toBe("bad_request");
    expect(await codeOf({ room: "a" })).toBe("bad_request");
    expect(await codeOf({ room: "a", text: "x", idempotency_key: "two words" })).toBe(
      "bad_request",
    );
    expect(await codeOf({ room: "a", text: "x", idempotency_key: 7 })).toBe("bad_request");
    expect(await codeOf({ room: "a", data: { x: "y".repeat(262_144) } })).toBe("too_large");
  });

  requires(interpreter)(
    "[PE-12] sendWebSocketNotification reaches PorticoEstate's pages with what is beside it",
    async () => {
      const page = await porticoPage(71);
      const extra = { id: 123, name: "Test Booking", user: `by ${interpreter}` };
      expect((await call({}, "notify", "New booking created", extra)).ok).toMatchObject({
        by: "http",
      });
      const frame = await seen(page, { type: "notification", data: extra });
      expect(frame).toMatchObject({ message: "New booking created" });
      expect(Number.isNaN(Date.parse(String(frame["timestamp"])))).toBe(false);
      const plain = `Simple, by ${interpreter}`;
      await call({}, "notify", plain);
      await seen(page, { type: "notification", message: plain, data: [] });
      page.socket.terminate();
    },
  );
});

describe("publishing many at once in python3", () => {
  requires("python3")("[MMB-15] each is done or refused by itself, all in order", async () => {
    const caller = new Caller(python, scene.environment(key));
    const items = Array.from({ length: 250 }, (_, n) => ({
      room: n === 120 ? "../x" : `many-${n % 2}`,
      text: `Item ${n}`,
      idempotency_key: `item-${n}`,
    }));
    const { ok } = await caller.call("publishMany", items);
    const results = ok as readonly { by?: string; error?: { code: string } }[];
    expect(results).toHaveLength(250);
    expect(results[120]).toMatchObject({ error: { code: "bad_request" } });
    expect(results.filter(({ by }) => by === "http")).toHaveLength(249);
    const even = items.filter(({ room }) => room === "many-0").map(({ text }) => text);
    expect(await scene.texts("many-0")).toEqual(even);
    const again = await caller.call("publishMany", items.slice(0, 1));
    expect(again.ok).toMatchObject([{ by: "http", results: [{ repeated: true }] }]);
    await caller.close();

    const refused = new Caller(python, scene.environment(readOnlyKey));
    const { ok: none } = await refused.call("publishMany", items.slice(0, 2));
    expect(none).toMatchObject([
      { error: { code: "forbidden" } },
      { error: { code: "forbidden" } },
    ]);
    await refused.close();
    expect(scene.spooled()).toEqual([]);
  });
});

describe("publishing with curl", () => {
  const publish = (
    variables: Readonly<Record<string, string>>,
    withKey = key,
  ): ReturnType<typeof shell> =>
    shell("publish.sh", [], { ...scene.environment(withKey), ...variables });

  requires("curl")(
    "[MMB-15] what is published is there once, in order, as it was said",
    async () => {
      for (const [index, text] of words.slice(0, 10).entries()) {
        const done = await publish({ ROOM: "order-curl", TEXT: text, DATA: `{"n":${index}}` });
        expect(done).toMatchObject({ code: 0, err: "" });
        expect(JSON.parse(done.out)).toMatchObject({ results: [{ sequence: index + 1 }] });
      }
      const log = await scene.log("order-curl");
      expect(log.map(({ data }) => data.text)).toEqual(words.slice(0, 10));
      expect(log[4]).toMatchObject({ author: "service:shop", data: { data: { n: 4 } } });
    },
  );

  requires("curl")(
    "[J16] [J17] the same key again is a repeat; what is refused ends with 22 and says why",
    async () => {
      const once = { ROOM: "once-curl", TEXT: "Once", IDEMPOTENCY_KEY: "booking-1" };
      expect((await publish(once)).code).toBe(0);
      expect(JSON.parse((await publish(once)).out)).toMatchObject({
        results: [{ repeated: true }],
      });
      const refusals = [
        [await publish({ ...once, TEXT: "Twice" }), "conflict"],
        [await publish({ ...once, IDEMPOTENCY_KEY: "k", TEXT: "" }), "bad_request"],
        [await publish({ ...once, IDEMPOTENCY_KEY: "k", DATA: "{" }), "bad_request"],
        [await publish(once, readOnlyKey), "forbidden"],
        [await publish(once, "plk_0_x"), "unauthenticated"],
      ] as const;
      for (const [done, code] of refusals) {
        expect([done.code, done.out, JSON.parse(done.err)]).toMatchObject([
          22,
          "",
          { error: { code } },
        ]);
      }
      expect((await publish({ ...once, ROOM: 'x","everyone":true,"y":"' })).code).toBe(22);
      expect(await scene.texts("once-curl")).toEqual(["Once"]);
      expect(scene.spooled()).toEqual([]);
    },
  );
});
