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

describe("limits", () => {
  const account = { username: "ada", password: "correct horse" };
  const here = "192.0.2.1";

  test("[A12] guests, sign-ins, sign-ups and failed tokens of one network share one limit", async () => {
    const { accounts, authenticator } = scene.identity({ attemptsPerMinute: 4 });
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
    scene.offsetMs += 60_000;
    expect(await codeOf(accounts.guest({ name: "Gus", address: here }))).toBe("accepted");
  });

  test("[A12] ten attempts a minute on one account, whatever networks they come from", async () => {
    const { accounts } = scene.identity({ attemptsPerMinute: 1_000 });
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
    const counted = new Proxy(scene.store.directory, {
      get(target, name, receiver) {
        if (name === "session" || name === "key") asked += 1;
        return Reflect.get(target, name, receiver);
      },
    });
    const { accounts, authenticator } = scene.identity({
      directory: counted,
      attemptsPerMinute: 3,
    });
    const session = (await accounts.guest({ name: "Neighbour" })).issuedToken ?? "";
    const jwt = await signToken(secret, { user: "ada", ttlSeconds: 60, now: scene.clock.now() });
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
