/** Rooms over REST: what is set in them, who may what, and who is kept out. */
import { describe, expect, test } from "vitest";
import { type Answer, type Person, restScene } from "./rest-scene.ts";

const { send, guest } = restScene();

/** A private room of the owner's with these members; its path. */
async function privateRoom(owner: Person, ...members: readonly Person[]): Promise<string> {
  const { body } = await send("POST", "/rooms", owner, { kind: "private", title: "Kitchen" });
  const path = `/rooms/${body.room}`;
  for (const { id } of members) {
    await send("PUT", `${path}/members/${id}`, owner, { role: "member" });
  }
  return path;
}

/** Status, code and the field that is to blame, in short. */
const problem = ({ status, body }: Answer): unknown[] => [
  status,
  body.error?.code,
  ...(body.error?.details?.field === undefined ? [] : [body.error.details.field]),
];

const refusals = async (
  asked: readonly (readonly [string, string, Person | undefined, unknown?])[],
): Promise<unknown[]> => {
  const answers: unknown[] = [];
  for (const [method, path, who, body] of asked) {
    answers.push(problem(await send(method, path, who, body)));
  }
  return answers;
};

describe("settings", () => {
  test("are set, seen by every member and taken back", async () => {
    const ann = await guest("Ann");
    const bob = await guest("Bob");
    const path = await privateRoom(ann, bob);
    const changes = {
      title: "The kitchen",
      topic: "Soup",
      description: "What we cook,\nand when.",
      avatar: { emoji: "🍲", colour: "#aa5500" },
      slow_mode_s: 30,
      system_lines: false,
      receipts: false,
      listed: true,
    };
    const updated = await send("PATCH", path, ann, changes);
    expect(updated).toMatchObject({ status: 200, body: { sequence: expect.any(Number) } });
    expect((await send("GET", path, bob)).body).toMatchObject(changes);
    const back = { topic: null, avatar: null, slow_mode_s: null, listed: false, receipts: null };
    await send("PATCH", path, ann, back);
    const { body } = await send("GET", path, bob);
    for (const name of Object.keys(back)) expect(body, name).not.toHaveProperty(name);
    expect(body).toMatchObject({ title: "The kitchen", system_lines: false });
  });

  test("an archived room takes no message until it is opened again", async () => {
    const ann = await guest("Ann");
    const path = await privateRoom(ann);
    await send("PATCH", path, ann, { archived: true });
    const refused = await send("POST", `${path}/messages`, ann, { text: "x" });
    expect(problem(refused)).toEqual([403, "archived"]);
    await send("PATCH", path, ann, { archived: false });
    expect((await send("POST", `${path}/messages`, ann, { text: "x" })).status).toBe(201);
  });

  test("are not for members, strangers and those without a sign-in; bad values are named", async () => {
    const ann = await guest("Ann");
    const bob = await guest("Bob");
    const cat = await guest("Cat");
    const path = await privateRoom(ann, bob);
    expect(
      await refusals([
        ["PATCH", path, bob, { topic: "mine" }],
        ["PATCH", path, cat, { topic: "mine" }],
        ["PATCH", "/rooms/r_nothing", ann, { topic: "mine" }],
        ["PATCH", path, undefined, { topic: "mine" }],
        ["PATCH", path, ann, {}],
        ["PATCH", path, ann, { title: "" }],
        ["PATCH", path, ann, { topic: "two\nlines" }],
        ["PATCH", path, ann, { slow_mode_s: 0 }],
        ["PATCH", path, ann, { avatar: { colour: "red" } }],
        ["PATCH", path, ann, { avatar: { file: "f".repeat(32) } }],
        ["PATCH", path, ann, "nonsense"],
      ]),
    ).toEqual([
      [403, "forbidden"],
      [404, "not_found"],
      [404, "not_found"],
      [401, "unauthenticated"],
      [400, "bad_request"],
      [400, "bad_request", "title"],
      [400, "bad_request", "topic"],
      [400, "bad_request", "slow_mode_s"],
      [400, "bad_request", "avatar.colour"],
      [404, "not_found"],
      [400, "bad_request"],
    ]);
    const { body } = await send("GET", path, ann);
    expect(body).toMatchObject({ title: "Kitchen" });
    expect(body).not.toHaveProperty("topic");
  });
});

describe("direct rooms", () => {
  test("of the same people are one, and nobody else's", async () => {
    const [ann, bob, cat] = [await guest("Ann"), await guest("Bob"), await guest("Cat")];
    const first = await send("POST", "/direct", ann, { users: [bob.id] });
    const second = await send("POST", "/direct", bob, { users: [ann.id, bob.id] });
    expect(first.status).toBe(200);
    expect(second.body.room).toBe(first.body.room);
    expect(first.body.with).toMatchObject([{ id: bob.id, name: "Bob" }]);
    expect(
      await refusals([
        ["GET", `/rooms/${first.body.room}`, cat],
        ["GET", `/rooms/${first.body.room}/messages`, cat],
        ["POST", "/direct", ann, { users: [] }],
        ["POST", "/direct", ann, { users: [ann.id] }],
        ["POST", "/direct", ann, { users: ["u_nobody"] }],
        ["POST", "/direct", undefined, { users: [bob.id] }],
      ]),
    ).toEqual([
      [404, "not_found"],
      [404, "not_found"],
      [400, "bad_request", "users"],
      [400, "bad_request", "users"],
      [404, "not_found"],
      [401, "unauthenticated"],
    ]);
  });
});

describe("roles", () => {
  test("are given by owners alone; the last owner stays one", async () => {
    const [ann, bob, cat] = [await guest("Ann"), await guest("Bob"), await guest("Cat")];
    const path = await privateRoom(ann, bob, cat);
    const role = (of: Person): string => `${path}/members/${of.id}/role`;
    expect((await send("PUT", role(bob), ann, { role: "moderator" })).status).toBe(200);
    const { body } = await send("GET", `${path}/members`, cat);
    const found = body.members.find((one: { user: { id: string } }) => one.user.id === bob.id);
    expect(found.role).toBe("moderator");
    expect(
      await refusals([
        ["PUT", role(cat), bob, { role: "moderator" }],
        ["PUT", role(bob), cat, { role: "member" }],
        ["PUT", role(ann), ann, { role: "member" }],
        ["PUT", role(cat), ann, { role: "king" }],
        ["PUT", `${path}/members/u_nobody/role`, ann, { role: "member" }],
        ["PUT", role(cat), await guest("Dan"), { role: "owner" }],
      ]),
    ).toEqual([
      [403, "forbidden"],
      [403, "forbidden"],
      [409, "conflict", "role"],
      [400, "bad_request", "role"],
      [404, "not_found"],
      [404, "not_found"],
    ]);
  });
});

describe("bans", () => {
  test("end reading and coming back, are listed, and are lifted", async () => {
    const [ann, bob] = [await guest("Ann"), await guest("Bob")];
    const path = await privateRoom(ann, bob);
    const ban = `${path}/bans/${bob.id}`;
    expect((await send("PUT", ban, ann, { reason: "Spam" })).status).toBe(200);
    expect(problem(await send("GET", `${path}/messages`, bob))).toEqual([404, "not_found"]);
    const back = await send("PUT", `${path}/members/${bob.id}`, ann, { role: "member" });
    expect(back.status).toBeGreaterThanOrEqual(400);
    const list = await send("GET", `${path}/bans`, ann);
    expect(list.body.bans).toMatchObject([
      { user: { id: bob.id, name: "Bob" }, by: ann.id, reason: "Spam" },
    ]);
    expect((await send("DELETE", ban, ann)).status).toBe(200);
    expect((await send("GET", `${path}/bans`, ann)).body.bans).toEqual([]);
    expect((await send("GET", path, bob)).status).toBe(404);
    await send("PUT", `${path}/members/${bob.id}`, ann, { role: "member" });
    expect((await send("GET", path, bob)).status).toBe(200);
  });

  test("are the staff's, not of oneself, and of people that there are", async () => {
    const [ann, bob, cat] = [await guest("Ann"), await guest("Bob"), await guest("Cat")];
    const path = await privateRoom(ann, bob);
    expect(
      await refusals([
        ["GET", `${path}/bans`, bob],
        ["PUT", `${path}/bans/${ann.id}`, bob],
        ["GET", `${path}/bans`, cat],
        ["PUT", `${path}/bans/${bob.id}`, cat],
        ["PUT", `${path}/bans/${ann.id}`, ann],
        ["PUT", `${path}/bans/u_nobody`, ann],
        ["PUT", `${path}/bans/${bob.id}`, ann, { reason: "two\nlines" }],
        ["DELETE", `${path}/bans/${bob.id}`, ann],
        ["GET", `${path}/bans`, undefined],
      ]),
    ).toEqual([
      [403, "forbidden"],
      [403, "forbidden"],
      [404, "not_found"],
      [404, "not_found"],
      [403, "forbidden"],
      [404, "not_found"],
      [400, "bad_request", "reason"],
      [404, "not_found"],
      [401, "unauthenticated"],
    ]);
  });

  test("in a room that everybody reads are told as forbidden", async () => {
    const [ann, bob] = [await guest("Ann"), await guest("Bob")];
    await send("POST", "/rooms", ann, { kind: "public", title: "Square", room: "square" });
    await send("PUT", `/rooms/square/bans/${bob.id}`, ann);
    expect(
      await refusals([
        ["GET", "/rooms/square/messages", bob],
        ["POST", "/rooms/square/messages", bob, { text: "x" }],
        ["PUT", `/rooms/square/members/${bob.id}`, bob, {}],
      ]),
    ).toEqual([
      [403, "forbidden"],
      [403, "forbidden"],
      [403, "forbidden"],
    ]);
  });
});
