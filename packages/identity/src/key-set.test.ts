import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { codeOf, Scene } from "../test/scene.ts";
import { type IssuerOptions } from "./index.ts";

let scene: Scene;

beforeEach(async () => {
  scene = await Scene.open();
  scene.stopClock();
});
afterEach(async () => {
  await scene.close();
});

describe.each(["url", "file"] as const)("a key set by %s", (way) => {
  /** A key set that can be changed and counts how often it was fetched; a file's reads are not counted. */
  async function keySet(): Promise<{
    readonly keys: IssuerOptions["keys"];
    readonly fetches: () => number;
    set(keys: readonly object[]): Promise<void>;
    close(): void;
  }> {
    let document = "";
    let fetches = 0;
    const path = join(scene.directory, "rotating.json");
    const server = createServer((_, response) => {
      fetches += 1;
      response.end(document);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return {
      keys: way === "url" ? { jwksUrl } : { jwksFile: path },
      fetches: () => fetches,
      async set(keys) {
        document = JSON.stringify({ keys });
        await writeFile(path, document);
      },
      close: () => void server.close(),
    };
  }

  async function newKey(kid: string): Promise<{ jwk: object; token: () => Promise<string> }> {
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    return {
      jwk: { ...(await exportJWK(publicKey)), kid, alg: "ES256" },
      token: () =>
        new SignJWT({})
          .setProtectedHeader({ alg: "ES256", kid })
          .setSubject("bob")
          .setAudience("chat")
          .setIssuer("https://idp")
          .setExpirationTime(scene.inAnHour() + 3_600)
          .sign(privateKey),
    };
  }

  test("a new key is good and a removed one is not, once 30 s have passed since the last look", async () => {
    const set = await keySet();
    const [old, next] = [await newKey("k1"), await newKey("k2")];
    const { authenticator } = scene.identity({
      issuers: [{ issuer: "https://idp", audience: "chat", keys: set.keys }],
    });
    const codeFor = async (key: typeof old): Promise<string> =>
      codeOf(authenticator.authenticate({ token: await key.token() }));

    await set.set([old.jwk]);
    expect(await codeFor(old)).toBe("accepted");
    // The issuer rotates. Within the cooldown nobody looks again, however many unknown keys are tried.
    await set.set([next.jwk]);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await codeFor(next)).toBe("unauthenticated");
    }
    expect(await codeFor(old)).toBe("accepted");
    if (way === "url") expect(set.fetches()).toBe(1);

    scene.offsetMs += 31_000;
    expect(await codeFor(next)).toBe("accepted");
    expect(await codeFor(old)).toBe("unauthenticated");
    if (way === "url") expect(set.fetches()).toBe(2);
    set.close();
  });

  test("a key that is gone is refused within ten minutes, though nobody brings a new one", async () => {
    const set = await keySet();
    const [old, next] = [await newKey("k1"), await newKey("k2")];
    const { authenticator } = scene.identity({
      issuers: [{ issuer: "https://idp", audience: "chat", keys: set.keys }],
    });
    const token = await old.token();
    await set.set([old.jwk]);
    expect(await codeOf(authenticator.authenticate({ token }))).toBe("accepted");
    await set.set([next.jwk]);
    scene.offsetMs += 599_000;
    expect(await codeOf(authenticator.authenticate({ token }))).toBe("accepted");
    scene.offsetMs += 2_000;
    expect(await codeOf(authenticator.authenticate({ token }))).toBe("unauthenticated");
    set.close();
  });
});

test("an issuer whose keys cannot be had is `unavailable`, which clients try again", async () => {
  const { authenticator } = scene.identity({
    issuers: [
      { issuer: "https://idp", audience: "chat", keys: { jwksUrl: "http://127.0.0.1:1/" } },
      {
        issuer: "https://file",
        audience: "chat",
        keys: { jwksFile: join(scene.directory, "absent") },
      },
    ],
  });
  const { privateKey } = await generateKeyPair("ES256");
  for (const issuer of ["https://idp", "https://file"]) {
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: "ES256", kid: "k1" })
      .setSubject("bob")
      .setAudience("chat")
      .setIssuer(issuer)
      .setExpirationTime(scene.inAnHour())
      .sign(privateKey);
    expect(await codeOf(authenticator.authenticate({ token }))).toBe("unavailable");
  }
});
