/** Ways into rooms over REST: invites, requests, the directory; and what people prefer. */
import { describe, expect, test } from "vitest";
import { type Answer, type Person, restScene } from "./rest-scene.ts";

const { send, guest } = restScene();

async function privateRoom(owner: Person, title = "Kitchen", settings?: object): Promise<string> {
  const { body } = await send("POST", "/rooms", owner, { kind: "private", title });
  if (settings !== undefined) await send("PATCH", `/rooms/${body.room}`, owner, settings);
  return `/rooms/${body.room}`;
}

const problem = ({ status, body }: Answer): unknown[] => [status, body.error?.code];

describe("invites", () => {
  test("lead in as often as they say, and tell before what they lead to", async () => {
    const [ann, bob, cat] = [await guest("Ann"), await guest("Bob"), await guest("Cat")];
    const path = await privateRoom(ann, "Kitchen", { topic: "Soup" });
    const wish = { role: "guest", uses: 1, expires_in_s: 3_600 };
    const made = await send("POST", `${path}/invites`, ann, wish);
    expect(made).toMatchObject({ status: 201, body: { invite: { role: "guest", uses_left: 1 } } });
    const { token, invite } = made.body;
    const list = await send("GET", `${path}/invites`, ann);
    expect(list.body.invites).toEqual([invite]);
    expect(JSON.stringify(list.body)).not.toContain(token);
    const preview = await send("POST", "/invites/preview", bob, { token });
    expect(preview.body).toMatchObject({ title: "Kitchen", topic: "Soup", members: 1 });
    expect((await send("GET", path, bob)).status).toBe(404);
    const accepted = await send("POST", "/invites/accept", bob, { token });
    expect(accepted).toMatchObject({ status: 200, body: { title: "Kitchen", role: "guest" } });
    expect(problem(await send("POST", "/invites/accept", cat, { token }))).toEqual([
      404,
      "not_found",
    ]);
  });

  test("[Z11] that are used up, taken back, over or were never made are all answered alike", async () => {
    const [ann, bob, cat] = [await guest("Ann"), await guest("Bob"), await guest("Cat")];
    const path = await privateRoom(ann);
    const make = async (wish: object): Promise<{ token: string; id: string }> => {
      const { body } = await send("POST", `${path}/invites`, ann, wish);
      return { token: body.token, id: body.invite.invite_id };
    };
    const usedUp = await make({ uses: 1 });
    await send("POST", "/invites/accept", cat, { token: usedUp.token });
    const revoked = await make({});
    expect((await send("DELETE", `${path}/invites/${revoked.id}`, ann)).status).toBe(200);
    const over = await make({ expires_in_s: 1 });
    await expect
      .poll(async () => (await send("GET", `${path}/invites`, ann)).body.invites.length, {
        timeout: 10_000,
      })
      .toBe(0);
    const never = { token: "never-made" };
    const answers = [];
    for (const { token } of [usedUp, revoked, over, never]) {
      for (const act of ["preview", "accept"]) {
        const { status, body } = await send("POST", `/invites/${act}`, bob, { token });
        answers.push(JSON.stringify([status, body]));
      }
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain("not_found");
  });

  test("are made, listed and taken back by the staff alone; bad wishes are named", async () => {
    const [ann, bob, cat] = [await guest("Ann"), await guest("Bob"), await guest("Cat")];
    const path = await privateRoom(ann);
    await send("PUT", `${path}/members/${bob.id}`, ann, { role: "member" });
    const { body } = await send("POST", `${path}/invites`, ann, {});
    const one = `${path}/invites/${body.invite.invite_id}`;
    const asked = [
      ["POST", `${path}/invites`, bob, {}],
      ["GET", `${path}/invites`, bob],
      ["DELETE", one, bob],
      ["POST", `${path}/invites`, cat, {}],
      ["DELETE", one, cat],
      ["POST", `${path}/invites`, ann, { role: "owner" }],
      ["POST", `${path}/invites`, ann, { uses: 0 }],
      ["POST", `${path}/invites`, ann, { expires_in_s: 1e9 }],
      ["POST", "/invites/accept", ann, {}],
      ["POST", "/invites/preview", undefined, { token: body.token }],
    ] as const;
    const answers = [];
    for (const [method, to, who, wish] of asked) {
      answers.push(problem(await send(method, to, who, wish)));
    }
    expect(answers).toEqual([
      [403, "forbidden"],
      [403, "forbidden"],
      [403, "forbidden"],
      [404, "not_found"],
      [404, "not_found"],
      [400, "bad_request"],
      [400, "bad_request"],
      [400, "bad_request"],
      [400, "bad_request"],
      [401, "unauthenticated"],
    ]);
  });
});

describe("requests to come in", () => {
  test("are made where a room is listed, and answered by the staff", async () => {
    const [ann, bob, cat] = [await guest("Ann"), await guest("Bob"), await guest("Cat")];
    const path = await privateRoom(ann, "Listed", { listed: true });
    const asked = await send("POST", `${path}/join-requests`, bob, { text: "I cook" });
    expect(asked).toMatchObject({ status: 200, body: { state: "asked" } });
    await send("POST", `${path}/join-requests`, cat, {});
    const list = await send("GET", `${path}/join-requests`, ann);
    expect(list.body.requests).toMatchObject([
      { user: { id: bob.id, name: "Bob" }, text: "I cook" },
      { user: { id: cat.id } },
    ]);
    const answer = (who: Person, accept: unknown, by = ann): Promise<Answer> =>
      send("PUT", `${path}/join-requests/${who.id}`, by, { accept });
    expect(problem(await answer(bob, "yes"))).toEqual([400, "bad_request"]);
    expect(problem(await answer(bob, true, cat))).toEqual([404, "not_found"]);
    expect((await answer(bob, true)).status).toBe(200);
    expect((await answer(cat, false)).status).toBe(200);
    expect((await send("GET", path, bob)).body.role).toBe("member");
    expect((await send("GET", path, cat)).status).toBe(404);
    expect((await send("GET", `${path}/join-requests`, ann)).body.requests).toEqual([]);
    expect(problem(await answer(bob, true))).toEqual([404, "not_found"]);
    const again = await send("POST", `${path}/join-requests`, bob, {});
    expect(again.body.state).toBe("joined");
    expect(problem(await send("GET", `${path}/join-requests`, bob))).toEqual([403, "forbidden"]);
  });

  test("to a room that is not listed are answered as if it did not exist", async () => {
    const [ann, bob] = [await guest("Ann"), await guest("Bob")];
    const path = await privateRoom(ann);
    const hidden = await send("POST", `${path}/join-requests`, bob, {});
    const absent = await send("POST", "/rooms/r_nothing/join-requests", bob, {});
    expect(problem(hidden)).toEqual([404, "not_found"]);
    expect(hidden).toEqual(absent);
  });
});

describe("the directory", () => {
  test("finds by beginnings of words in pages, and leaves out what is not listed", async () => {
    const [ann, bob] = [await guest("Ann"), await guest("Bob")];
    for (const title of ["Zebra one", "Zebra two", "Zebra three"]) {
      await send("POST", "/rooms", ann, { kind: "public", title });
    }
    await privateRoom(ann, "Zebra secret");
    await privateRoom(ann, "Zebra listed", { listed: true, topic: "stripes" });
    const titles: string[] = [];
    let after = "";
    do {
      const { status, body } = await send("GET", `/directory?query=zeb&limit=2${after}`, bob);
      expect(status).toBe(200);
      titles.push(...body.rooms.map(({ title }: { title: string }) => title));
      after = body.next === undefined ? "" : `&after=${encodeURIComponent(body.next)}`;
    } while (after !== "");
    expect(titles).toEqual(["Zebra listed", "Zebra one", "Zebra three", "Zebra two"]);
    const topic = await send("GET", "/directory?query=stri", bob);
    expect(topic.body.rooms).toMatchObject([{ title: "Zebra listed", joined: false, members: 1 }]);
    const [listed] = topic.body.rooms;
    await send("POST", `/rooms/${listed.room}/join-requests`, bob, {});
    expect((await send("GET", "/directory?query=stri", bob)).body.rooms[0].asked).toBe(true);
    const limits = await send("GET", "/directory?limit=201", bob);
    expect(problem(limits)).toEqual([400, "bad_request"]);
    expect(problem(await send("GET", "/directory?after=x", bob))).toEqual([400, "bad_request"]);
    expect((await send("GET", "/directory")).status).toBe(401);
  });
});

describe("preferences", () => {
  test("are kept for their owner alone, each set, changed and taken back", async () => {
    const [ann, bob] = [await guest("Ann"), await guest("Bob")];
    const path = await privateRoom(ann);
    const room = path.slice("/rooms/".length);
    const sections = [
      { id: "s1", name: "Work" },
      { id: "s2", name: "Play" },
    ];
    const set = await send("PATCH", "/me/preferences", ann, { sections, shares_receipts: false });
    expect(set.body.preferences).toEqual({ sections, shares_receipts: false });
    const wish = { favourite: true, section: "s1", muted_until: "forever", level: "mentions" };
    const own = await send("PATCH", `${path}/preferences`, ann, wish);
    expect(own.body).toEqual({ room, preferences: wish });
    expect((await send("GET", "/me/preferences", ann)).body).toEqual({
      preferences: { sections, shares_receipts: false },
      rooms: [{ room, preferences: wish }],
    });
    const back = { favourite: false, section: null, muted_until: null, level: null };
    expect((await send("PATCH", `${path}/preferences`, ann, back)).body.preferences).toEqual({});
    await send("PATCH", "/me/preferences", ann, { sections: null, shares_receipts: true });
    expect((await send("GET", "/me/preferences", ann)).body).toEqual({
      preferences: {},
      rooms: [],
    });
    expect((await send("GET", "/me/preferences", bob)).body).toEqual({
      preferences: {},
      rooms: [],
    });
  });

  test("of rooms that one may not read, and bad ones, are refused", async () => {
    const [ann, bob] = [await guest("Ann"), await guest("Bob")];
    const path = await privateRoom(ann);
    const twice = [
      { id: "s1", name: "A" },
      { id: "s1", name: "B" },
    ];
    const asked = [
      [`${path}/preferences`, bob, { favourite: true }],
      ["/rooms/r_nothing/preferences", bob, { favourite: true }],
      [`${path}/preferences`, ann, { level: "some" }],
      [`${path}/preferences`, ann, { muted_until: "tomorrow" }],
      [`${path}/preferences`, ann, { section: "with blank" }],
      ["/me/preferences", ann, { sections: twice }],
      ["/me/preferences", ann, { sections: [{ id: "s1", name: "" }] }],
      ["/me/preferences", undefined, { sections: null }],
    ] as const;
    const answers = [];
    for (const [to, who, wish] of asked) answers.push(problem(await send("PATCH", to, who, wish)));
    expect(answers).toEqual([
      [404, "not_found"],
      [404, "not_found"],
      [400, "bad_request"],
      [400, "bad_request"],
      [400, "bad_request"],
      [400, "bad_request"],
      [400, "bad_request"],
      [401, "unauthenticated"],
    ]);
  });
});
