import { createHmac } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import { generateToken, validateToken } from "./index.ts";

const secret = "a secret of more than thirty-two characters";
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const bodyOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<
    string,
    unknown
  >;
function sign(header: unknown, body: unknown, key = secret): string {
  const text = `${part(header)}.${part(body)}`;
  return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
}

describe("generateToken", () => {
  test("[MMB-08] [MMB-21] says who, until when, and a nonce that no other token has", () => {
    const token = generateToken(42, 60, { secret, name: "Änn" });
    const body = bodyOf(token);
    const now = Math.floor(Date.now() / 1_000);
    expect(body).toMatchObject({ sub: "42", user_id: 42, name: "Änn" });
    expect(Number(body["exp"]) - Number(body["iat"])).toBe(60);
    expect(Math.abs(Number(body["iat"]) - now)).toBeLessThanOrEqual(2);
    expect(body["jti"]).toMatch(/^[0-9a-f]{32}$/);
    const nonces = Array.from(
      { length: 200 },
      () => bodyOf(generateToken(42, 60, { secret }))["jti"],
    );
    expect(new Set(nonces).size).toBe(200);
  });

  test("[MMB-18] lives for an hour unless told otherwise", () => {
    const body = bodyOf(generateToken("ann", undefined, { secret }));
    expect(Number(body["exp"]) - Number(body["iat"])).toBe(3_600);
  });

  test("[MMB-04] the id keeps its JSON type", () => {
    expect(bodyOf(generateToken("42", 60, { secret }))).toMatchObject({ sub: "42", user_id: "42" });
    expect(bodyOf(generateToken(0, 60, { secret }))).toMatchObject({ sub: "0", user_id: 0 });
  });

  test("single use is said, and only where it was asked for", () => {
    expect(bodyOf(generateToken(1, 60, { secret, singleUse: true }))["single_use"]).toBe(true);
    expect(bodyOf(generateToken(1, 60, { secret }))).not.toHaveProperty("single_use");
  });

  test.each([
    ["an empty id", "", 60],
    ["an id of 129 characters", "x".repeat(129), 60],
    ["NaN", Number.NaN, 60],
    ["a fraction", 1.5, 60],
    ["a number that JSON readers round", 2 ** 53, 60],
    ["no time at all", 1, 0],
    ["a time that is over", 1, -5],
    ["half a second", 1, 0.5],
  ])("refuses %s", (_, id, ttl) => {
    expect(() => generateToken(id, ttl, { secret })).toThrow(TypeError);
  });

  test("refuses an empty secret", () => {
    expect(() => generateToken(1, 60, { secret: "" })).toThrow(TypeError);
  });
});

describe("validateToken", () => {
  test("[MMB-08] gives back what a good token says", () => {
    const claims = validateToken(generateToken(7, 60, { secret, name: "Ann" }), { secret });
    expect(claims).toMatchObject({ sub: "7", user_id: 7, name: "Ann" });
  });

  test("[MMB-21] a token is over at the second that it names", () => {
    vi.useFakeTimers({ now: 1_800_000_000_000 });
    try {
      const token = generateToken(7, 60, { secret });
      vi.setSystemTime(1_800_000_059_999);
      expect(validateToken(token, { secret })).toBeDefined();
      vi.setSystemTime(1_800_000_060_000);
      expect(validateToken(token, { secret })).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
  });

  const good = { sub: "7", exp: 4_000_000_000, jti: "n" };
  const header = { alg: "HS256", typ: "JWT" };
  test("the token that the next ones differ from is good", () => {
    expect(validateToken(sign(header, good), { secret })).toEqual(good);
  });

  test.each([
    ["another secret", sign(header, good, "another secret")],
    ["no algorithm", `${part({ alg: "none" })}.${part(good)}.`],
    ["another algorithm's name", sign({ alg: "HS512" }, good)],
    ["a critical extension", sign({ ...header, crit: ["x"] }, good)],
    ["no end", sign(header, { sub: "7", jti: "n" })],
    ["an end in text", sign(header, { ...good, exp: "4000000000" })],
    ["a later beginning", sign(header, { ...good, nbf: 3_999_999_999 })],
    ["no nonce", sign(header, { sub: "7", exp: good.exp })],
    ["a subject that is no text", sign(header, { ...good, sub: 7 })],
    ["a body that is an array", sign(header, [good])],
    ["a body that is no JSON", `${part(header)}.e30x.${"A".repeat(43)}`],
    ["a fourth part", `${sign(header, good)}.x`],
    ["two parts", `${part(header)}.${part(good)}`],
    ["a cut signature", sign(header, good).slice(0, -4)],
    ["nothing", ""],
    ["dots", ".."],
  ])("refuses a token with %s", (_, token) => {
    expect(validateToken(token, { secret })).toBeUndefined();
  });

  test("refuses a token whose body was changed", () => {
    const [head, , signature] = generateToken(7, 60, { secret }).split(".");
    expect(
      validateToken(`${head}.${part({ ...good, sub: "8" })}.${signature}`, { secret }),
    ).toBeUndefined();
  });
});
