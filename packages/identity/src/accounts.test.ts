import { type ProtocolError, type SessionId } from "@parlance/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { codeOf, Scene } from "../test/scene.ts";

let scene: Scene;

beforeEach(async () => {
  scene = await Scene.open();
});
afterEach(async () => {
  await scene.close();
});

describe("accounts and sessions", () => {
  const account = { username: "Ada.L", password: "correct horse", name: "Ada L" };

  test("an account signs in under its name in any case, and its session speaks for it", async () => {
    const { accounts, authenticator } = scene.identity();
    const user = await accounts.createAccount(account);
    const signedIn = await accounts.signIn({ username: "ADA.L", password: "correct horse" });
    const back = await authenticator.authenticate({ token: signedIn.issuedToken ?? "" });
    const { number } = user;
    expect(back).toMatchObject({ user: user.id, name: "Ada L", kind: "account", number });
  });

  test("[A15] each sign-in has a session of its own, and one that ended is refused", async () => {
    const { accounts, authenticator } = scene.identity();
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
    const here = scene.identity();
    const there = scene.identity();
    await here.accounts.createAccount(account);
    const kept = await here.accounts.signIn(account);
    const ended = await here.accounts.signIn(account);
    const token = ended.issuedToken ?? "";
    await there.authenticator.authenticate({ token });
    await there.authenticator.authenticate({ token });
    await here.accounts.changePassword(kept, { current: "correct horse", next: "another horse" });
    scene.offsetMs += 1_000;
    expect(await codeOf(there.authenticator.authenticate({ token }))).toBe("unauthenticated");
    expect(await codeOf(here.authenticator.authenticate({ token: kept.issuedToken ?? "" }))).toBe(
      "accepted",
    );
    expect(await codeOf(here.accounts.signIn(account))).toBe("unauthenticated");
  });

  test("[A10] unknown, wrong and disabled are one answer after about one time", async () => {
    const { accounts, users } = scene.identity();
    await accounts.createAccount(account);
    const off = await accounts.createAccount({ username: "offline", password: "correct horse" });
    await users.setDisabled(off.id, true, scene.clock.now());
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
    // The quickest of each: what else the machine does only ever adds.
    const quickest = names.map((name) => Math.min(...times[name]));
    // Without the hash of a decoy, an unknown name answers tens of times faster than a wrong password.
    expect(Math.max(...quickest) / Math.min(...quickest)).toBeLessThan(1.5);
  });

  test("[A11] signing up with somebody's address is answered like any other", async () => {
    const { accounts } = scene.identity();
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
    const { accounts } = scene.identity();
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
    const open = scene.identity();
    const guest = await open.authenticator.authenticate({ guest: { name: "Gus" } });
    const back = await open.authenticator.authenticate({ token: guest.issuedToken ?? "" });
    expect(back).toMatchObject({ user: guest.user, kind: "guest", name: "Gus", number: 1 });
    const closed = scene.identity({ guestsAllowed: false });
    expect(await codeOf(closed.authenticator.authenticate({ guest: { name: "Gus" } }))).toBe(
      "forbidden",
    );
  });
});

describe("API keys", () => {
  test("a key has its scopes until it is revoked, and its secret is nowhere in the store", async () => {
    const { keys, authenticator } = scene.identity();
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
