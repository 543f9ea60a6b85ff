import { createHmac } from "node:crypto";
import { generateToken, type TokenClaims, validateToken } from "@parlance/publisher";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requires } from "../requirements.ts";
import { connect, seen, send } from "../systems/install.ts";
import { Caller, libraries, type Outcome, shell } from "./languages.ts";
import { Scene, secret } from "./scene.ts";

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
function sign(header: unknown, body: unknown, key = secret): string {
  const signed = `${part(header)}.${part(body)}`;
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}

const header = { alg: "HS256", typ: "JWT" };
const good = { sub: "7", exp: 4_000_000_000, jti: "n" };
const long = sign(header, good);

/** Tokens that nobody takes, neither a library nor the server. */
const wrong: readonly (readonly [string, string])[] = [
  ["another secret", sign(header, good, "another secret")],
  ["no algorithm", `${part({ alg: "none" })}.${part(good)}.`],
  ["another algorithm's name", sign({ alg: "HS512" }, good)],
  ["a critical extension", sign({ ...header, crit: ["x"] }, good)],
  ["no end", sign(header, { sub: "7", jti: "n" })],
  ["an end in text", sign(header, { ...good, exp: "4000000000" })],
  ["an end that is true", sign(header, { ...good, exp: true })],
  ["an end in the past", sign(header, { ...good, exp: 1_700_000_000 })],
  ["a later beginning", sign(header, { ...good, nbf: 3_999_999_999 })],
  ["a beginning in text", sign(header, { ...good, nbf: "1" })],
  ["a body that is an array", sign(header, [good])],
  ["a body that is no JSON", `${part(header)}.e30x.${"A".repeat(43)}`],
  ["a fourth part", `${long}.x`],
  ["two parts", `${part(header)}.${part(good)}`],
  ["a cut signature", long.slice(0, -4)],
  ["a changed body", long.replace(/\.[^.]+\./, `.${part({ ...good, sub: "8" })}.`)],
  ["nothing", ""],
  ["dots", ".."],
];

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.start();
}, 60_000);
afterAll(() => scene?.close());

/** The status that a user's request with this token gets. */
async function statusOf(token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(`${scene.server.url}/api/v1/me`, { headers })).status;
}

/** Who MMB's pages are told to be. */
async function pageOf(token: string): Promise<unknown> {
  const page = await connect(scene.server.port, "/mmb");
  send(page, { type: "auth", token });
  const { user_id: user } = await seen(page, { type: "authenticated" });
  page.socket.terminate();
  return user;
}

async function expectGood(token: string, claims: Partial<TokenClaims>): Promise<void> {
  expect(validateToken(token, { secret })).toMatchObject(claims);
  expect(await statusOf(token)).toBe(200);
}

test("the token that the wrong ones differ from is good, and the server and the Node library refuse those", async () => {
  await expectGood(long, good);
  for (const [what, token] of wrong) {
    expect([what, validateToken(token, { secret })]).toEqual([what, undefined]);
    expect([what, await statusOf(token)]).toEqual([what, 401]);
  }
});

describe.each(libraries)("tokens in %s", (...library) => {
  const [interpreter] = library;
  let caller: Caller;
  beforeAll(() => {
    caller = new Caller(library, { PARLANCE_SECRET: secret });
  });
  afterAll(() => caller?.close());
  const made = async (...values: readonly unknown[]): Promise<string> => {
    const { ok, invalid } = await caller.call("generate", ...values);
    expect(invalid).toBeUndefined();
    return ok as string;
  };

  requires(interpreter)(
    "[MMB-08] are taken by the Node library and the server, ids as they are",
    async () => {
      await expectGood(await made(42), { sub: "42", user_id: 42 });
      await expectGood(await made("42", 60), { sub: "42", user_id: "42" });
      await expectGood(await made("ann/b@c.example", 60, { name: "Änn 👋" }), {
        sub: "ann/b@c.example",
        name: "Änn 👋",
      });
      expect(await pageOf(await made(43))).toBe(43);
      expect(await pageOf(await made("44"))).toBe("44");
    },
  );

  requires(interpreter)(
    "[MMB-18] [MMB-21] live an hour unless told otherwise, and no two are the same",
    async () => {
      const claims = validateToken(await made(1), { secret });
      expect((claims?.exp ?? 0) - (claims?.iat ?? 0)).toBe(3_600);
      expect(Math.abs((claims?.iat ?? 0) - Date.now() / 1_000)).toBeLessThan(30);
      const nonces = new Set<unknown>();
      for (let count = 0; count < 50; count += 1) {
        nonces.add(validateToken(await made(1), { secret })?.jti);
      }
      expect(nonces.size).toBe(50);
      expect([...nonces][0]).toMatch(/^[0-9a-f]{32}$/);
    },
  );

  requires(interpreter)("a token for one use says so, and the server takes it once", async () => {
    const token = await made(45, 60, { singleUse: true });
    expect(validateToken(token, { secret })?.single_use).toBe(true);
    expect(await statusOf(token)).toBe(200);
    expect(await statusOf(token)).toBe(401);
  });

  requires(interpreter)(
    "[MMB-08] good ones are read, whoever made them; wrong ones are refused",
    async () => {
      const theirs = generateToken("7", 60, { secret, name: "Änn" });
      expect(await caller.call("validate", theirs)).toEqual({
        ok: validateToken(theirs, { secret }),
      });
      expect(await caller.call("validate", long)).toEqual({ ok: good });
      expect(await caller.call("validate", long, { secret: "another" })).toEqual({ ok: null });
      for (const [what, token] of wrong) {
        expect([what, await caller.call("validate", token)]).toEqual([what, { ok: null }]);
      }
      // The server takes these two, since others sign for it as well; for a library's own tokens they are wrong.
      for (const claims of [
        { sub: "7", exp: good.exp },
        { exp: good.exp, jti: "n", sub: 7 },
      ]) {
        expect(await caller.call("validate", sign(header, claims))).toEqual({ ok: null });
        expect(validateToken(sign(header, claims), { secret })).toBeUndefined();
      }
    },
  );

  requires(interpreter)("[MMB-21] a token is over at the second that it names", async () => {
    const end = Math.floor(Date.now() / 1_000) + 2;
    const token = sign(header, { ...good, exp: end });
    await expect
      .poll(async () => (await caller.call("validate", token)).ok, { timeout: 20_000 })
      .toBeNull();
    expect(Date.now()).toBeGreaterThanOrEqual(end * 1_000);
    expect(await statusOf(token)).toBe(401);
  });

  requires(interpreter)(
    "refuses ids, lifetimes and secrets that no server would take",
    async () => {
      const calls: readonly (readonly unknown[])[] = [
        ["", 60],
        ["x".repeat(129), 60],
        ["two words", 60],
        [1.5, 60],
        [2 ** 53, 60],
        [null, 60],
        [true, 60],
        [1, 0],
        [1, -5],
        [1, 60, { secret: "" }],
      ];
      for (const values of calls) {
        const outcome: Outcome = await caller.call("generate", ...values);
        expect([values, outcome.invalid]).toEqual([values, expect.any(String)]);
      }
      expect((await caller.call("validate", long, { secret: "" })).invalid).toEqual(
        expect.any(String),
      );
    },
  );
});

describe("token.sh", () => {
  const mint = (...args: readonly string[]): ReturnType<typeof shell> =>
    shell("token.sh", args, { PARLANCE_SECRET: secret });

  requires("openssl")(
    "[MMB-08] its tokens are taken by the Node library and the server, ids as they are",
    async () => {
      const number = (await mint("42")).out.trim();
      await expectGood(number, { sub: "42", user_id: 42 });
      expect(await pageOf(number)).toBe(42);
      await expectGood((await mint('"u-1.b@c"')).out.trim(), {
        sub: "u-1.b@c",
        user_id: "u-1.b@c",
      });
      const other = await shell("token.sh", ["42"], { PARLANCE_SECRET: "another secret" });
      expect(await statusOf(other.out.trim())).toBe(401);
    },
  );

  requires("openssl")("refuses what is no id, and to sign with nothing", async () => {
    for (const id of ["", "042", "1.5", "ann", '"', '""', '"a"b"', '"a","exp":1,"x":"b"']) {
      expect([id, (await mint(id)).code]).toEqual([id, 2]);
    }
    const unsigned = await shell("token.sh", ["42"], { PARLANCE_SECRET: "" });
    expect([unsigned.code === 0, unsigned.out]).toEqual([false, ""]);
  });
});
