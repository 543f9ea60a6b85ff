import { createHmac, createSecretKey } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { join } from "node:path";
import { type UserId } from "@parlance/protocol";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { codeOf, Scene, secret } from "../test/scene.ts";
import { signToken } from "./index.ts";

let scene: Scene;

beforeEach(async () => {
  scene = await Scene.open();
});
afterEach(async () => {
  await scene.close();
});

describe("JWT", () => {
  test("a token of the install's secret speaks for its user, who is made once", async () => {
    const { authenticator } = scene.identity();
    const token = await signToken(secret, {
      user: "ada",
      name: "Ada",
      ttlSeconds: 60,
      now: scene.clock.now(),
    });
    const got = await authenticator.authenticate({ token });
    expect(got).toMatchObject({ user: "ada", name: "Ada", kind: "external", principal: "ada" });
    expect((await scene.store.directory.user("ada" as UserId))?.name).toBe("Ada");
  });

  test("a user whose token gives the id as a number has that number, others have none", async () => {
    const { authenticator } = scene.identity();
    const sign = (claims: object): Promise<string> =>
      new SignJWT(claims as JWTPayload)
        .setProtectedHeader({ alg: "HS256" })
        .setExpirationTime(scene.inAnHour())
        .sign(createSecretKey(Buffer.from(secret, "utf8")));
    await scene.store.directory.upsertExternal("somebody" as UserId, "First", 0);
    const numbered = await authenticator.authenticate({ token: await sign({ sub: 4711 }) });
    expect(numbered).toMatchObject({ user: "4711", number: 4711, kind: "external" });
    const named = await authenticator.authenticate({ token: await sign({ sub: "4711" }) });
    expect(named).toMatchObject({ user: "4711" });
    expect(named).not.toHaveProperty("number");
    for (const sub of [1.5, -1, 2 ** 60]) {
      const odd = await authenticator.authenticate({ token: await sign({ sub }) });
      expect(odd).not.toHaveProperty("number");
    }
  });

  test("[A4] sixteen tokens that each have one thing wrong get one answer, and nothing is fetched", async () => {
    let requests = 0;
    const outside = createServer((_, response) => {
      requests += 1;
      response.end("{}");
    });
    await new Promise<void>((resolve) => outside.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(outside.address() as AddressInfo).port}/keys`;
    const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "RS256" };
    const path = join(scene.directory, "jwks.json");
    await writeFile(path, JSON.stringify({ keys: [jwk] }));
    const { authenticator } = scene.identity({
      issuers: [{ issuer: "https://idp", audience: "chat", keys: { jwksFile: path } }],
    });
    const good = (): SignJWT =>
      new SignJWT({}).setSubject("bob").setIssuer("https://idp").setAudience("chat");
    const header = { alg: "RS256", kid: "k1" };
    const valid = await good()
      .setExpirationTime(scene.inAnHour())
      .setProtectedHeader(header)
      .sign(privateKey);
    expect((await authenticator.authenticate({ token: valid })).user).toBe("bob");

    const sign = (jwt: SignJWT, more: object = {}): Promise<string> =>
      jwt.setProtectedHeader({ ...header, ...more }).sign(privateKey);
    const part = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = { sub: "bob", iss: "https://idp", aud: "chat", exp: scene.inAnHour() };
    const confused = `${part({ alg: "HS256", kid: "k1" })}.${part(claims)}`;
    const publicPem = JSON.stringify(jwk);
    const hmac = createHmac("sha256", publicPem).update(confused).digest("base64url");
    const bad: Record<string, string> = {
      none: `${part({ alg: "none" })}.${part(claims)}.`,
      confusion: `${confused}.${hmac}`,
      issuer: await sign(good().setIssuer("https://other").setExpirationTime(scene.inAnHour())),
      audience: await sign(good().setAudience("mail").setExpirationTime(scene.inAnHour())),
      noExp: await sign(good()),
      nbf: await sign(
        good()
          .setNotBefore(scene.inAnHour())
          .setExpirationTime(scene.inAnHour() + 60),
      ),
      kidPath: await sign(good().setExpirationTime(scene.inAnHour()), { kid: "../../x" }),
      kidSql: await sign(good().setExpirationTime(scene.inAnHour()), { kid: "' OR 1=1 --" }),
      jku: await sign(good().setExpirationTime(scene.inAnHour()), { jku: url }),
      x5u: await sign(good().setExpirationTime(scene.inAnHour()), { x5u: url }),
      account: await sign(good().setSubject("u_1").setExpirationTime(scene.inAnHour())),
      service: await sign(good().setSubject("service:x").setExpirationTime(scene.inAnHour())),
      huge: `${valid}${"a".repeat(100_000)}`,
      expText: `${part({ alg: "HS256" })}.${part({ ...claims, iss: "parlance", exp: "9999999999" })}`,
      nonsense: "not.a.token",
      empty: "x",
    };
    const unsigned = bad["expText"] ?? "";
    bad["expText"] =
      `${unsigned}.${createHmac("sha256", secret).update(unsigned).digest("base64url")}`;
    for (const [name, token] of Object.entries(bad)) {
      expect([name, await codeOf(authenticator.authenticate({ token }))]).toEqual([
        name,
        "unauthenticated",
      ]);
    }
    const over = await signToken(secret, {
      user: "bob",
      ttlSeconds: 1,
      now: scene.clock.now() - 5_000,
    });
    expect(await codeOf(authenticator.authenticate({ token: over }))).toBe("token_expired");
    expect(requests).toBe(0);
    outside.close();
  });

  test("[A5] a token of one issuer is refused in the name of another with the same key id", async () => {
    const pairs = [await generateKeyPair("ES256"), await generateKeyPair("ES256")];
    const issuers = await Promise.all(
      pairs.map(async ({ publicKey }, index) => {
        const path = join(scene.directory, `jwks${index}.json`);
        const jwk = { ...(await exportJWK(publicKey)), kid: "same", alg: "ES256" };
        await writeFile(path, JSON.stringify({ keys: [jwk] }));
        return {
          issuer: `https://idp${index}`,
          audience: "chat",
          userPrefix: `t${index}:`,
          keys: { jwksFile: path },
        };
      }),
    );
    const { authenticator } = scene.identity({ issuers });
    const token = (iss: string, key: number): Promise<string> =>
      new SignJWT({})
        .setProtectedHeader({ alg: "ES256", kid: "same" })
        .setSubject("eve")
        .setAudience("chat")
        .setIssuer(iss)
        .setExpirationTime(scene.inAnHour())
        .sign((pairs[key] as (typeof pairs)[0]).privateKey);
    const right = await authenticator.authenticate({ token: await token("https://idp1", 1) });
    expect(right.user).toBe("t1:eve");
    const wrong = authenticator.authenticate({ token: await token("https://idp1", 0) });
    expect(await codeOf(wrong)).toBe("unauthenticated");
  });

  test("[A8] a single-use token is refused the second time, also elsewhere at once and after a restart", async () => {
    const request = { user: "ada", ttlSeconds: 60, now: scene.clock.now(), singleUse: true };
    const token = await signToken(secret, request);
    const here = scene.identity();
    const there = scene.identity();
    const codes = await Promise.all([
      codeOf(here.authenticator.authenticate({ token, address: "192.0.2.1" })),
      codeOf(there.authenticator.authenticate({ token, address: "192.0.2.2" })),
    ]);
    expect(codes.sort()).toEqual(["accepted", "unauthenticated"]);
    await scene.restart();
    expect(await codeOf(scene.identity().authenticator.authenticate({ token }))).toBe(
      "unauthenticated",
    );
    // Another one of the same user is good.
    const another = await signToken(secret, request);
    expect(await codeOf(scene.identity().authenticator.authenticate({ token: another }))).toBe(
      "accepted",
    );
  });

  test("[A8] a single-use token that is over was never good, and a used one stays refused when the clock is set back", async () => {
    const { authenticator } = scene.identity();
    const make = (): Promise<string> =>
      signToken(secret, { user: "ada", ttlSeconds: 30, now: Date.now(), singleUse: true });
    const used = await make();
    const unused = await make();
    expect(await codeOf(authenticator.authenticate({ token: used }))).toBe("accepted");
    scene.offsetMs = 60_000;
    expect(await codeOf(authenticator.authenticate({ token: unused }))).toBe("token_expired");
    // Using another one forgets those that are over, but not so soon.
    const now = scene.clock.now();
    const later = await signToken(secret, { user: "ada", ttlSeconds: 30, now, singleUse: true });
    expect(await codeOf(authenticator.authenticate({ token: later }))).toBe("accepted");
    scene.offsetMs = 0;
    expect(await codeOf(authenticator.authenticate({ token: used }))).toBe("unauthenticated");
  });

  test("a storm of reconnects costs no write and no look-up per connect", async () => {
    let reads = 0;
    const counted = new Proxy(scene.store.directory, {
      get(target, name, receiver) {
        if (name === "user" || name === "session" || name === "upsertExternal") reads += 1;
        return Reflect.get(target, name, receiver);
      },
    });
    const { authenticator, accounts } = scene.identity({ directory: counted });
    const token = await signToken(secret, {
      user: "ada",
      name: "Ada",
      ttlSeconds: 60,
      now: scene.clock.now(),
    });
    const session = (await accounts.guest({ name: "Gus" })).issuedToken ?? "";
    for (let index = 0; index < 3; index += 1) {
      await authenticator.authenticate({ token });
      await authenticator.authenticate({ token: session });
    }
    const before = reads;
    for (let index = 0; index < 200; index += 1) {
      await authenticator.authenticate({ token });
      await authenticator.authenticate({ token: session });
    }
    expect(reads).toBe(before);
  });

  test("[A7] a user disabled by another node is refused within a second", async () => {
    const here = scene.identity();
    const there = scene.identity();
    const token = await signToken(secret, { user: "ada", ttlSeconds: 60, now: scene.clock.now() });
    await here.authenticator.authenticate({ token });
    await here.authenticator.authenticate({ token });
    await there.users.setDisabled("ada" as UserId, true, scene.clock.now());
    scene.offsetMs += 1_000;
    expect(await codeOf(here.authenticator.authenticate({ token }))).toBe("banned");
  });
});
