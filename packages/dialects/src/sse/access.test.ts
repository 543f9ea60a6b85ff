/** Who gets a stream, how long, and how all others are answered. */
import { EventStreamReader, NoStreamError } from "@parlance/testkit/event-stream";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SseScene } from "../../test/sse-scene.ts";

let scene: SseScene;
beforeAll(async () => {
  scene = await SseScene.open();
}, 60_000);
afterAll(() => scene.close());

describe("who may read", () => {
  test("[A6] a token in the query is refused, whatever its name, also beside a good credential", async () => {
    const ann = await scene.guest("Ann");
    const path = `/rooms/${scene.freshRoom()}/events`;
    const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1X2FubiJ9.c2lnbmF0dXJl";
    for (const query of [
      `token=${ann.token}`,
      `access_token=${ann.token}`,
      `ticket=${ann.token}`,
      `x=${ann.token}`,
      `anything=${jwt}`,
      "jwt=x",
      "ticket=",
      "ticket=plt_x.y",
    ]) {
      for (const who of [undefined, ann]) {
        const { status, code } = await scene.refusal(who, `${path}?${query}`);
        expect([query, status, code]).toEqual([query, 401, "unauthenticated"]);
      }
    }
    const without = await scene.refusal(undefined, path);
    expect([without.status, without.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
  });

  test("[A8] a ticket opens its own rooms as its session, again and again, and nothing else", async () => {
    const [ann, bob] = [await scene.guest("Ann"), await scene.guest("Bob")];
    const [room, other] = [scene.freshRoom(), scene.freshRoom()];
    const { status, body } = await scene.call("POST", "/tickets", ann.token, { room });
    expect(status).toBe(201);
    const { ticket = "", expires_at: expiresAt = "" } = body;
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(60_000);
    const target = `/rooms/${room}/events?ticket=${ticket}`;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const stream = await scene.stream(undefined, target);
      await stream.until("its begin", () => stream.find("subscribed") !== undefined);
      await scene.say(ann, room, "hello");
      await stream.until("a message", () => stream.sequences().length === 1);
      stream.close();
    }
    for (const wrong of [
      `/rooms/${other}/events?ticket=${ticket}`,
      `/events?room=${room}&room=${other}&ticket=${ticket}`,
      `${target}x`,
      `${target}&ticket=${ticket}`,
    ]) {
      expect([wrong, (await scene.refusal(undefined, wrong)).status]).toEqual([wrong, 401]);
    }
    const ofBob = await scene.refusal(bob, target);
    expect([ofBob.status, ofBob.code]).toEqual([401, "unauthenticated"]);
    expect((await scene.call("GET", "/me", ticket)).status).toBe(401);
    const ofAnn = await scene.stream(ann, target);
    ofAnn.close();
    // Several rooms, in any order.
    const two = await scene.call("POST", "/tickets", ann.token, { rooms: [room, other] });
    const both = `/events?room=${other}&room=${room}&ticket=${two.body["ticket"]}`;
    (await scene.stream(undefined, both)).close();
    const log = scene.logged.join("");
    expect(log).toContain("handshake_refused");
    expect(log).not.toContain(ticket.slice(4, 40));
  });

  test("[A8] asking for a ticket takes a token, and one room or a list of them", async () => {
    const { token } = await scene.guest("Ann");
    expect((await scene.call("POST", "/tickets", undefined, { room: "a" })).status).toBe(401);
    const many = Array.from({ length: 201 }, (_, index) => `r${index}`);
    for (const body of [
      {},
      { room: "a", rooms: ["b"] },
      { rooms: [] },
      { room: "#" },
      { rooms: many },
    ]) {
      expect((await scene.call("POST", "/tickets", token, body)).status).toBe(400);
    }
  });

  test("[I-17] [A7] signing out ends the stream with an `error` within two seconds, and its ticket", async () => {
    const ann = await scene.guest("Ann");
    const room = scene.freshRoom();
    const { body } = await scene.call("POST", "/tickets", ann.token, { room });
    const target = `/rooms/${room}/events?ticket=${body["ticket"]}`;
    const stream = await scene.stream(undefined, target);
    const start = performance.now();
    await scene.call("DELETE", "/sessions/current", ann.token);
    await stream.until("the end", () => stream.isEnded);
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(stream.events.at(-1)).toMatchObject({
      event: "error",
      data: { type: "error", code: "unauthenticated" },
    });
    expect((await scene.refusal(undefined, target)).status).toBe(401);
  });

  test("[I-17] a token that runs out ends the stream with an `error`", async () => {
    const eve = await scene.external("ext-eve", 3);
    const stream = await scene.stream(eve, `/rooms/${scene.freshRoom()}/events`);
    await stream.until("the end", () => stream.isEnded);
    expect(stream.types()).toEqual(["subscribed", "error"]);
    expect(stream.events[1]?.data).toMatchObject({ code: "token_expired", retry: "after_auth" });
    expect((await scene.refusal(eve, "/rooms/a/events")).code).toBe("token_expired");
  });

  test("[I-14] whoever is put out gets `unsubscribed` and nothing more, and other rooms go on", async () => {
    const [ann, bob] = [await scene.guest("Ann"), await scene.guest("Bob")];
    const made = await scene.call("POST", "/rooms", ann.token, { kind: "private", title: "Plans" });
    const hidden = made.body["room"] ?? "";
    const room = scene.freshRoom();
    await scene.call("PUT", `/rooms/${hidden}/members/${bob.id}`, ann.token, {});
    const alone = await scene.stream(bob, `/rooms/${hidden}/events`);
    const both = await scene.stream(bob, `/events?room=${hidden}&room=${room}`);
    await both.until("its begin", () => both.find("subscribed") !== undefined);
    await scene.say(ann, hidden, "still here");
    await scene.call("DELETE", `/rooms/${hidden}/members/${bob.id}`, ann.token);
    await scene.say(ann, hidden, "not for Bob");
    await scene.say(ann, room, "for Bob");
    await alone.until("the end", () => alone.isEnded);
    await both.until("the other room", () => both.sequences(room).length === 1);
    for (const stream of [alone, both]) {
      const types = stream.events
        .filter(({ data }) => data.room === hidden)
        .map(({ event }) => event);
      expect(types).toEqual(["message.created", "member.left", "unsubscribed"]);
      expect(stream.find("unsubscribed")?.data.code).toBe("not_found");
    }
    expect(both.isEnded).toBe(false);
    const { status } = await scene.refusal(bob, `/rooms/${hidden}/events`, {
      "last-event-id": alone.lastId,
    });
    expect(status).toBe(404);
  });
});

describe("requests that are none", () => {
  test.each([
    ["/events", 400],
    ["/events?room=", 400],
    ["/events?room=a%20b", 400],
    ["/events?room=a&last=x", 400],
    ["/events?room=a&last=201", 400],
    ["/events?room=a&last=1&last=2", 400],
    ["/events?room=a&presence=yes", 400],
    ["/rooms/a/events?room=b", 400],
    ["/rooms/a%20b/events", 404],
    ["/rooms/%zz/events", 404],
    ["/rooms/r_absent/events", 404],
  ])("%s is answered with %i", async (target, expected) => {
    const { status } = await scene.refusal(await scene.guest("Ann"), target);
    expect(status).toBe(expected);
  });

  test("a page is not acceptable, and other methods are not allowed", async () => {
    const ann = await scene.guest("Ann");
    const authorization = `Bearer ${ann.token}`;
    const page = await scene.refusal(ann, "/rooms/a/events", { accept: "text/html" });
    expect([page.status, page.code]).toEqual([406, "not_acceptable"]);
    for (const method of ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"]) {
      const response = await fetch(`${scene.server.url}/rooms/a/events`, {
        method,
        headers: { authorization },
        ...(method === "POST" ? { body: "x".repeat(100_000) } : {}),
      });
      expect([method, response.status, response.headers.get("allow")]).toEqual([
        method,
        405,
        "GET",
      ]);
    }
  });

  test("CORS is for listed origins only", async () => {
    const { token } = await scene.guest("Ann");
    const url = `${scene.server.url}/rooms/${scene.freshRoom()}/events`;
    const ask = (origin: string, method: string): Promise<Response> =>
      fetch(url, {
        method,
        headers: {
          origin,
          authorization: `Bearer ${token}`,
          ...(method === "OPTIONS" ? { "access-control-request-method": "GET" } : {}),
        },
      });
    for (const [origin, expected] of [
      ["https://app.example", "https://app.example"],
      ["https://app.example.evil.example", null],
      ["null", null],
    ] as const) {
      const stream = await ask(origin, "GET");
      expect(stream.headers.get("access-control-allow-origin")).toBe(expected);
      await stream.body?.cancel();
      const preflight = await ask(origin, "OPTIONS");
      expect(preflight.status).toBe(expected === null ? 405 : 204);
    }
  });

  test("[R1] [R3] no query, path or Last-Event-ID makes it fail: never 5xx", async () => {
    const { token } = await scene.guest("Ann");
    const printable = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      maxLength: 100,
    });
    const name = fc.constantFrom("room", "last", "last_event_id", "presence", "ticket", "x", "");
    const pair = fc.tuple(name, printable).map((parts) => parts.map(encodeURIComponent).join("="));
    const target = fc.oneof(
      fc.array(pair, { maxLength: 6 }).map((pairs) => `/events?${pairs.join("&")}`),
      printable.map((some) => `/rooms/${encodeURIComponent(some)}/events`),
      printable.map((some) => `/events?${some.replaceAll(/[ #]/g, "+")}`),
      fc.array(pair, { maxLength: 3 }).map((pairs) => `/rooms/fuzz/events?${pairs.join("&")}`),
    );
    await fc.assert(
      fc.asyncProperty(target, printable, async (path, id) => {
        const headers = { authorization: `Bearer ${token}`, "last-event-id": id.trim() };
        try {
          const stream = await EventStreamReader.open(`${scene.server.url}${path}`, headers);
          await stream.until("its begin", () => stream.find("subscribed") !== undefined);
          stream.close();
        } catch (error) {
          if (!(error instanceof NoStreamError)) throw error;
          expect(error.status).toBeGreaterThanOrEqual(400);
          expect(error.status).toBeLessThan(500);
        }
      }),
      { numRuns: 200 },
    );
  }, 120_000);
});
