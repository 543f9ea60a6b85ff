import { createHmac, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, Ids } from "@parlance/core";
import type { ProtocolError, SessionId, UserId } from "@parlance/protocol";
import { openSqlite, type SqliteStore } from "@parlance/storage/sqlite";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  createIdentity,
  type IdentityOptions,
  type IdentityParts,
  type IssuerOptions,
  signToken,
} from "./index.ts";

const secret = "an-install-secret-with-enough-characters";
let directory: string;
let store: SqliteStore;
let offsetMs = 0;
let count = 0;

const clock: Clock = {
  now: () => Date.now() + offsetMs,
  monotonic: () => performance.now() + offsetMs,
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (run) => void setImmediate(run),
};
const ids = {
  user: () => `u_${(count += 1)}${randomUUID().slice(0, 8)}`,
} as unknown as Ids;

beforeEach(async () => {
  offsetMs = 0;
  directory = await mkdtemp(join(tmpdir(), "identity-"));
  store = await openSqlite({ directory, readers: 1 });
});
afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

function identity(more: Partial<IdentityOptions> = {}): IdentityParts {
  return createIdentity({
    log: store.log,
    directory: store.directory,
    clock,
    ids,
    secrets: [secret],
    issuers: [],
    guestsAllowed: true,
    attemptsPerMinute: 0,
    ...more,
  });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "accepted",
    (error: ProtocolError) => error.code,
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const inAnHour = (): number => Math.floor(clock.now() / 1_000) + 3_600;

describe("JWT", () => {
  test("a token of the install's secret speaks for its user, who is made once", async () => {
    const { authenticator } = identity();
    const token = await signToken(secret, {
      user: "ada",
      name: "Ada",
      ttlSeconds: 60,
      now: clock.now(),
    });
    const got = await authenticator.authenticate({ token });
    expect(got).toMatchObject({ user: "ada", name: "Ada", kind: "external", principal: "ada" });
    expect((await store.directory.user("ada" as UserId))?.name).toBe("Ada");
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
    const path = join(directory, "jwks.json");
    await writeFile(path, JSON.stringify({ keys: [jwk] }));
    const { authenticator } = identity({
      issuers: [{ issuer: "https://idp", audience: "chat", keys: { jwksFile: path } }],
    });
    const good = (): SignJWT =>
      new SignJWT({}).setSubject("bob").setIssuer("https://idp").setAudience("chat");
    const header = { alg: "RS256", kid: "k1" };
    const valid = await good()
      .setExpirationTime(inAnHour())
      .setProtectedHeader(header)
      .sign(privateKey);
    expect((await authenticator.authenticate({ token: valid })).user).toBe("bob");

    const sign = (jwt: SignJWT, more: object = {}): Promise<string> =>
      jwt.setProtectedHeader({ ...header, ...more }).sign(privateKey);
    const part = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = { sub: "bob", iss: "https://idp", aud: "chat", exp: inAnHour() };
    const confused = `${part({ alg: "HS256", kid: "k1" })}.${part(claims)}`;
    const publicPem = JSON.stringify(jwk);
    const hmac = createHmac("sha256", publicPem).update(confused).digest("base64url");
    const bad: Record<string, string> = {
      none: `${part({ alg: "none" })}.${part(claims)}.`,
      confusion: `${confused}.${hmac}`,
      issuer: await sign(good().setIssuer("https://other").setExpirationTime(inAnHour())),
      audience: await sign(good().setAudience("mail").setExpirationTime(inAnHour())),
      noExp: await sign(good()),
      nbf: await sign(
        good()
          .setNotBefore(inAnHour())
          .setExpirationTime(inAnHour() + 60),
      ),
      kidPath: await sign(good().setExpirationTime(inAnHour()), { kid: "../../x" }),
      kidSql: await sign(good().setExpirationTime(inAnHour()), { kid: "' OR 1=1 --" }),
      jku: await sign(good().setExpirationTime(inAnHour()), { jku: url }),
      x5u: await sign(good().setExpirationTime(inAnHour()), { x5u: url }),
      account: await sign(good().setSubject("u_1").setExpirationTime(inAnHour())),
      service: await sign(good().setSubject("service:x").setExpirationTime(inAnHour())),
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
    const over = await signToken(secret, { user: "bob", ttlSeconds: 1, now: clock.now() - 5_000 });
    expect(await codeOf(authenticator.authenticate({ token: over }))).toBe("token_expired");
    expect(requests).toBe(0);
    outside.close();
  });

  test("[A5] a token of one issuer is refused in the name of another with the same key id", async () => {
    const pairs = [await generateKeyPair("ES256"), await generateKeyPair("ES256")];
    const issuers = await Promise.all(
      pairs.map(async ({ publicKey }, index) => {
        const path = join(directory, `jwks${index}.json`);
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
    const { authenticator } = identity({ issuers });
    const token = (iss: string, key: number): Promise<string> =>
      new SignJWT({})
        .setProtectedHeader({ alg: "ES256", kid: "same" })
        .setSubject("eve")
        .setAudience("chat")
        .setIssuer(iss)
        .setExpirationTime(inAnHour())
        .sign((pairs[key] as (typeof pairs)[0]).privateKey);
    const right = await authenticator.authenticate({ token: await token("https://idp1", 1) });
    expect(right.user).toBe("t1:eve");
    const wrong = authenticator.authenticate({ token: await token("https://idp1", 0) });
    expect(await codeOf(wrong)).toBe("unauthenticated");
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
      const path = join(directory, "rotating.json");
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
            .setExpirationTime(inAnHour() + 3_600)
            .sign(privateKey),
      };
    }

    test("a new key is good and a removed one is not, once 30 s have passed since the last look", async () => {
      const set = await keySet();
      const [old, next] = [await newKey("k1"), await newKey("k2")];
      const { authenticator } = identity({
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

      offsetMs += 31_000;
      expect(await codeFor(next)).toBe("accepted");
      expect(await codeFor(old)).toBe("unauthenticated");
      if (way === "url") expect(set.fetches()).toBe(2);
      set.close();
    });

    test("a key that is gone is refused within ten minutes, though nobody brings a new one", async () => {
      const set = await keySet();
      const [old, next] = [await newKey("k1"), await newKey("k2")];
      const { authenticator } = identity({
        issuers: [{ issuer: "https://idp", audience: "chat", keys: set.keys }],
      });
      const token = await old.token();
      await set.set([old.jwk]);
      expect(await codeOf(authenticator.authenticate({ token }))).toBe("accepted");
      await set.set([next.jwk]);
      offsetMs += 599_000;
      expect(await codeOf(authenticator.authenticate({ token }))).toBe("accepted");
      offsetMs += 2_000;
      expect(await codeOf(authenticator.authenticate({ token }))).toBe("unauthenticated");
      set.close();
    });
  });

  test("an issuer whose keys cannot be had is `unavailable`, which clients try again", async () => {
    const { authenticator } = identity({
      issuers: [
        { issuer: "https://idp", audience: "chat", keys: { jwksUrl: "http://127.0.0.1:1/" } },
        { issuer: "https://file", audience: "chat", keys: { jwksFile: join(directory, "absent") } },
      ],
    });
    const { privateKey } = await generateKeyPair("ES256");
    for (const issuer of ["https://idp", "https://file"]) {
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: "ES256", kid: "k1" })
        .setSubject("bob")
        .setAudience("chat")
        .setIssuer(issuer)
        .setExpirationTime(inAnHour())
        .sign(privateKey);
      expect(await codeOf(authenticator.authenticate({ token }))).toBe("unavailable");
    }
  });

  test("[A8] a single-use token is refused the second time, also elsewhere at once and after a restart", async () => {
    const request = { user: "ada", ttlSeconds: 60, now: clock.now(), singleUse: true };
    const token = await signToken(secret, request);
    const here = identity();
    const there = identity();
    const codes = await Promise.all([
      codeOf(here.authenticator.authenticate({ token, address: "192.0.2.1" })),
      codeOf(there.authenticator.authenticate({ token, address: "192.0.2.2" })),
    ]);
    expect(codes.sort()).toEqual(["accepted", "unauthenticated"]);
    await store.close();
    store = await openSqlite({ directory, readers: 1 });
    expect(await codeOf(identity().authenticator.authenticate({ token }))).toBe("unauthenticated");
    // Another one of the same user is good.
    const another = await signToken(secret, request);
    expect(await codeOf(identity().authenticator.authenticate({ token: another }))).toBe(
      "accepted",
    );
  });

  test("[A8] a single-use token that is over was never good, and a used one stays refused when the clock is set back", async () => {
    const { authenticator } = identity();
    const make = (): Promise<string> =>
      signToken(secret, { user: "ada", ttlSeconds: 30, now: Date.now(), singleUse: true });
    const used = await make();
    const unused = await make();
    expect(await codeOf(authenticator.authenticate({ token: used }))).toBe("accepted");
    offsetMs = 60_000;
    expect(await codeOf(authenticator.authenticate({ token: unused }))).toBe("token_expired");
    // Using another one forgets those that are over, but not so soon.
    const now = clock.now();
    const later = await signToken(secret, { user: "ada", ttlSeconds: 30, now, singleUse: true });
    expect(await codeOf(authenticator.authenticate({ token: later }))).toBe("accepted");
    offsetMs = 0;
    expect(await codeOf(authenticator.authenticate({ token: used }))).toBe("unauthenticated");
  });

  test("a storm of reconnects costs no write and no look-up per connect", async () => {
    let reads = 0;
    const counted = new Proxy(store.directory, {
      get(target, name, receiver) {
        if (name === "user" || name === "session" || name === "upsertExternal") reads += 1;
        return Reflect.get(target, name, receiver);
      },
    });
    const { authenticator, accounts } = identity({ directory: counted });
    const token = await signToken(secret, {
      user: "ada",
      name: "Ada",
      ttlSeconds: 60,
      now: clock.now(),
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
    const here = identity();
    const there = identity();
    const token = await signToken(secret, { user: "ada", ttlSeconds: 60, now: clock.now() });
    await here.authenticator.authenticate({ token });
    await here.authenticator.authenticate({ token });
    await there.users.setDisabled("ada" as UserId, true, clock.now());
    offsetMs += 1_000;
    expect(await codeOf(here.authenticator.authenticate({ token }))).toBe("banned");
  });
});

describe("accounts and sessions", () => {
  const account = { username: "Ada.L", password: "correct horse", name: "Ada L" };

  test("an account signs in under its name in any case, and its session speaks for it", async () => {
    const { accounts, authenticator } = identity();
    const user = await accounts.createAccount(account);
    const signedIn = await accounts.signIn({ username: "ADA.L", password: "correct horse" });
    const back = await authenticator.authenticate({ token: signedIn.issuedToken ?? "" });
    expect(back).toMatchObject({ user: user.id, name: "Ada L", kind: "account" });
  });

  test("[A15] each sign-in has a session of its own, and one that ended is refused", async () => {
    const { accounts, authenticator } = identity();
    await accounts.createAccount(account);
    const first = await accounts.signIn(account);
    const second = await accounts.signIn(account);
    expect(first.session).not.toBe(second.session);
    const token = first.issuedToken ?? "";
    expect(await codeOf(authenticator.authenticate({ token }))).toBe("accepted");
    await accounts.signOut(first.session as SessionId);
    expect(await codeOf(authenticator.authenticate({ token }))).toBe("unauthenticated");
    expect(await codeOf(authenticator.authenticate({ token: second.issuedToken ?? "" }))).toBe(
      "accepted",
    );
  });

  test("[I-17] a changed password ends the other sessions, on other nodes within a second", async () => {
    const here = identity();
    const there = identity();
    await here.accounts.createAccount(account);
    const kept = await here.accounts.signIn(account);
    const ended = await here.accounts.signIn(account);
    const token = ended.issuedToken ?? "";
    await there.authenticator.authenticate({ token });
    await there.authenticator.authenticate({ token });
    await here.accounts.changePassword(kept, { current: "correct horse", next: "another horse" });
    offsetMs += 1_000;
    expect(await codeOf(there.authenticator.authenticate({ token }))).toBe("unauthenticated");
    expect(await codeOf(here.authenticator.authenticate({ token: kept.issuedToken ?? "" }))).toBe(
      "accepted",
    );
    expect(await codeOf(here.accounts.signIn(account))).toBe("unauthenticated");
  });

  test("[A10] unknown, wrong and disabled are one answer after about one time", async () => {
    const { accounts, users } = identity();
    await accounts.createAccount(account);
    const off = await accounts.createAccount({ username: "offline", password: "correct horse" });
    await users.setDisabled(off.id, true, clock.now());
    const attempts = {
      unknown: { username: "nobody-here", password: "correct horse" },
      impossible: { username: "nobody@example.org", password: "correct horse" },
      wrong: { username: "ada.l", password: "wrong password" },
      disabled: { username: "offline", password: "correct horse" },
    };
    const times = { unknown: [], impossible: [], wrong: [], disabled: [] } as Record<
      keyof typeof attempts,
      number[]
    >;
    const failures = new Set<string>();
    await accounts.signIn(attempts.unknown).catch(() => {});
    const names = Object.keys(attempts) as (keyof typeof attempts)[];
    // Interleaved, and each round begins with another one: what else the machine does hits all alike.
    for (let round = 0; round < 24; round += 1) {
      for (let place = 0; place < names.length; place += 1) {
        const name = names[(round + place) % names.length] as (typeof names)[0];
        const start = performance.now();
        const error = await accounts.signIn(attempts[name]).catch((thrown: unknown) => thrown);
        times[name].push(performance.now() - start);
        failures.add(JSON.stringify((error as ProtocolError).toWire()));
      }
    }
    expect(failures.size).toBe(1);
    const medians = names.map((name) => median(times[name]));
    // Without the hash of a decoy, an unknown name answers tens of times faster than a wrong password.
    expect(Math.max(...medians) / Math.min(...medians)).toBeLessThan(1.5);
  });

  test("[A11] signing up with somebody's address is answered like any other", async () => {
    const { accounts } = identity();
    await accounts.createAccount({ ...account, email: "ada@example.org" });
    const second = await accounts.createAccount({
      username: "other",
      password: "correct horse",
      email: "Ada@Example.org",
    });
    expect(second.username).toBe("other");
    expect(
      await codeOf(accounts.signIn({ username: "ada@example.org", password: "correct horse" })),
    ).toBe("unauthenticated");
  });

  test("names that are taken, reserved or look reserved are refused", async () => {
    const { accounts } = identity();
    await accounts.createAccount(account);
    const make = (username: string, name?: string): Promise<string> =>
      codeOf(
        accounts.createAccount({
          username,
          password: "correct horse",
          ...(name === undefined ? {} : { name }),
        }),
      );
    expect(await make("ada.l")).toBe("conflict");
    for (const username of ["ab", "admin", "Adm1n", "r00t", "a d a", "-ada", "äda", "sys.tem"]) {
      expect([username, await make(username)]).toEqual([username, "bad_request"]);
    }
    expect(await make("plain", "Аdmin")).toBe("bad_request");
    expect(await codeOf(accounts.guest({ name: "S\u200Bystem" }))).toBe("bad_request");
    expect(await codeOf(accounts.createAccount({ username: "short", password: "1234567" }))).toBe(
      "bad_request",
    );
  });

  test("guests come in where they are allowed, and come back by their token", async () => {
    const open = identity();
    const guest = await open.authenticator.authenticate({ guest: { name: "Gus" } });
    const back = await open.authenticator.authenticate({ token: guest.issuedToken ?? "" });
    expect(back).toMatchObject({ user: guest.user, kind: "guest", name: "Gus" });
    const closed = identity({ guestsAllowed: false });
    expect(await codeOf(closed.authenticator.authenticate({ guest: { name: "Gus" } }))).toBe(
      "forbidden",
    );
  });
});

describe("limits", () => {
  const account = { username: "ada", password: "correct horse" };
  const here = "192.0.2.1";

  test("[A12] guests, sign-ins, sign-ups and failed tokens of one network share one limit", async () => {
    const { accounts, authenticator } = identity({ attemptsPerMinute: 4 });
    const attempts = [
      () => authenticator.authenticate({ guest: { name: "Gus" }, address: here }),
      () => accounts.createAccount({ ...account, address: here }),
      () => accounts.signIn({ ...account, address: here }),
      () => authenticator.authenticate({ token: "pls_0_x", address: here }),
    ];
    const codes: string[] = [];
    for (const attempt of [...attempts, ...attempts]) codes.push(await codeOf(attempt()));
    expect(codes).toEqual([
      "accepted",
      "accepted",
      "accepted",
      "unauthenticated",
      ...Array.from({ length: 4 }, () => "rate_limited"),
    ]);
    expect(
      await codeOf(accounts.guest({ name: "Gus", address: "2001:db8::1" })),
      "another network has a limit of its own",
    ).toBe("accepted");
    expect(await codeOf(accounts.guest({ name: "Gus" })), "no address: an operator").toBe(
      "accepted",
    );
    offsetMs += 60_000;
    expect(await codeOf(accounts.guest({ name: "Gus", address: here }))).toBe("accepted");
  });

  test("[A12] ten attempts a minute on one account, whatever networks they come from", async () => {
    const { accounts } = identity({ attemptsPerMinute: 1_000 });
    await accounts.createAccount(account);
    const codes: string[] = [];
    for (let index = 0; index < 12; index += 1) {
      const address = `192.0.2.${index}`;
      codes.push(await codeOf(accounts.signIn({ username: "Ada", password: "wrong", address })));
    }
    expect(codes.filter((code) => code === "unauthenticated")).toHaveLength(10);
    expect(codes.slice(10)).toEqual(["rate_limited", "rate_limited"]);
  });

  test("above the limit unknown tokens ask the database nothing, and neighbours still come in", async () => {
    let asked = 0;
    const counted = new Proxy(store.directory, {
      get(target, name, receiver) {
        if (name === "session" || name === "key") asked += 1;
        return Reflect.get(target, name, receiver);
      },
    });
    const { accounts, authenticator } = identity({ directory: counted, attemptsPerMinute: 3 });
    const session = (await accounts.guest({ name: "Neighbour" })).issuedToken ?? "";
    const jwt = await signToken(secret, { user: "ada", ttlSeconds: 60, now: clock.now() });
    await authenticator.authenticate({ token: session, address: here });
    for (let index = 0; index < 3; index += 1) {
      const token = `pls_${index}_guess`;
      expect(await codeOf(authenticator.authenticate({ token, address: here }))).toBe(
        "unauthenticated",
      );
    }
    const before = asked;
    for (const token of ["pls_7_guess", "plk_7_guess", "no.such.token"]) {
      const code = await codeOf(authenticator.authenticate({ token, address: here }));
      expect([token, code]).toEqual([token, "rate_limited"]);
    }
    expect(asked).toBe(before);
    for (const token of [session, jwt]) {
      expect(await codeOf(authenticator.authenticate({ token, address: here }))).toBe("accepted");
    }
  });
});

describe("API keys", () => {
  test("a key has its scopes until it is revoked, and its secret is nowhere in the store", async () => {
    const { keys, authenticator } = identity();
    const { record, token } = await keys.createKey({ name: "shop", scopes: ["publish"] });
    const got = await authenticator.authenticate({ token });
    expect(got).toMatchObject({ user: "service:shop", kind: "service", scopes: ["publish"] });
    expect(JSON.stringify(await keys.listKeys())).not.toContain(token.split("_").at(-1));
    expect(await codeOf(authenticator.authenticate({ token: `${token}x` }))).toBe(
      "unauthenticated",
    );
    expect(await keys.revokeKey(record.id)).toBe(true);
    expect(await codeOf(authenticator.authenticate({ token }))).toBe("unauthenticated");
  });
});
