import { createHash, createHmac } from "node:crypto";
import type { ProtocolError } from "@parlance/protocol";
import Pusher from "pusher";
import { describe, expect, test } from "vitest";
import { type SignedRequest, verifySignedRequest } from "./index.ts";

const app = { key: "shop-key", secret: "shop-secret" };
const now = Date.now();
const sdk = new Pusher({ appId: "shop", ...app, host: "127.0.0.1" });

/** As the library makes one. */
function signed(method: string, path: string, body = "", params = {}): SignedRequest {
  const query = sdk.createSignedQueryString({ method, path, body, params });
  return { method, url: `${path}?${query}`, body: Buffer.from(body) };
}

/** By hand: any part may be wrong. */
function byHand(
  query: Readonly<Record<string, string>>,
  { path = "/apps/shop/events", said = "", method = "POST", body = "" } = {},
): SignedRequest {
  const pairs = Object.entries(query).map(([name, value]) => `${name.toLowerCase()}=${value}`);
  const text = `${method}\n${said || path}\n${pairs.sort().join("&")}`;
  const mac = createHmac("sha256", app.secret).update(text).digest("hex");
  const all = new URLSearchParams({ ...query, auth_signature: mac }).toString();
  return { method, url: `${path}?${all}`, body: Buffer.from(body) };
}

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
const seconds = (offset = 0): string => String(Math.floor(now / 1_000) + offset);
const auth = { auth_key: app.key, auth_version: "1.0", auth_timestamp: seconds() };

/** What a request is refused for, or `taken`. */
function fateOf(request: SignedRequest, at = now): string {
  try {
    verifySignedRequest(app, request, at);
    return "taken";
  } catch (error) {
    expect((error as ProtocolError).code).toBe("unauthenticated");
    return (error as Error).message;
  }
}

describe("requests that a back end signed", () => {
  test("[P6] are taken as the library signs them, with a body and without", () => {
    const body = JSON.stringify({ name: "sold", data: "Ünïcode 🎉", channels: ["a"] });
    expect(fateOf(signed("POST", "/apps/shop/events", body))).toBe("taken");
    const asked = { filter_by_prefix: "presence-", info: "user_count,subscription_count" };
    expect(fateOf(signed("GET", "/apps/shop/channels", "", asked))).toBe("taken");
  });

  test("[P6] are taken where the library escapes what it signed unescaped, as PHP's does", () => {
    const query = { ...auth, info: "user_count,subscription_count" };
    expect(byHand(query).url).toContain("%2C");
    expect(fateOf(byHand(query))).toBe("taken");
    const escaped = { path: "/apps/shop/users/a%40b.c/x", said: "/apps/shop/users/a@b.c/x" };
    expect(fateOf(byHand(auth, escaped))).toBe("taken");
  });

  test("[P6] with the same bytes have the same signature, and others another", () => {
    const one = byHand({ ...auth, body_md5: md5("{}") }, { body: "{}" });
    const signature = verifySignedRequest(app, one, now);
    expect(signature).toMatch(/^[0-9a-f]{64}$/);
    expect(verifySignedRequest(app, one, now)).toBe(signature);
    const other = byHand({ ...auth, body_md5: md5("{ }") }, { body: "{ }" });
    expect(verifySignedRequest(app, other, now)).not.toBe(signature);
  });

  test("[P6] with a wrong key, version, signature, method, path or query are refused", () => {
    const good = byHand({ ...auth, info: "user_count" });
    expect(fateOf(byHand({ ...auth, auth_key: "other" }))).toBe("unknown auth_key.");
    expect(fateOf(byHand({ ...auth, auth_version: "2.0" }))).toBe("auth_version must be 1.0.");
    expect(fateOf({ ...good, method: "GET" })).toBe("invalid auth_signature.");
    expect(fateOf({ ...good, url: good.url.replace("/events", "/batch_events") })).toBe(
      "invalid auth_signature.",
    );
    expect(fateOf({ ...good, url: good.url.replace("user_count", "cache") })).toBe(
      "invalid auth_signature.",
    );
    expect(fateOf({ ...good, url: `${good.url}&more=1` })).toBe("invalid auth_signature.");
    const zeros = good.url.replace(/auth_signature=[0-9a-f]+/, `auth_signature=${"0".repeat(64)}`);
    expect(fateOf({ ...good, url: zeros })).toBe("invalid auth_signature.");
    for (const wrong of ["", "0", "g".repeat(64), "0".repeat(63), "0".repeat(65)]) {
      const url = good.url.replace(/auth_signature=[0-9a-f]+/, `auth_signature=${wrong}`);
      expect(fateOf({ ...good, url })).toBe("auth_signature must be 64 hexadecimal digits.");
    }
    expect(fateOf({ ...good, url: "/apps/shop/events" })).toBe("unknown auth_key.");
  });

  test("[P6] with another body, or one that nothing was said of, are refused", () => {
    const query = { ...auth, body_md5: md5("{}") };
    expect(fateOf(byHand(query, { body: "{}" }))).toBe("taken");
    expect(fateOf(byHand(query, { body: "{ }" }))).toBe("invalid body_md5.");
    expect(fateOf(byHand(query))).toBe("invalid body_md5.");
    expect(fateOf(byHand(auth, { body: "{}" }))).toBe("invalid body_md5.");
  });

  test("[P6] of more than ten minutes ago or ahead are refused, and of a time that is none", () => {
    const late = "auth_timestamp is not within 600 s of the server's time.";
    const at = Math.floor(now / 1_000) * 1_000;
    for (const [offset, fate] of [
      [-601, late],
      [-600, "taken"],
      [600, "taken"],
      [601, late],
    ] as const) {
      expect(fateOf(byHand({ ...auth, auth_timestamp: seconds(offset) }), at)).toBe(fate);
    }
    for (const none of ["", "now", "-1", "1e9", `${seconds()}.0`, "9".repeat(20)]) {
      expect(fateOf(byHand({ ...auth, auth_timestamp: none }))).toBe(late);
    }
  });
});
