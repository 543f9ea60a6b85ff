import { createHmac } from "node:crypto";
import type { Clock, Identity } from "@parlance/core";
import type { RoomId } from "@parlance/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { codeOf, Scene, secret } from "../test/scene.ts";
import type { IdentityParts } from "./index.ts";
import { signToken } from "./index.ts";
import { openWithinMs, recordedMs, reopenWithinMs } from "./tickets.ts";

const rooms = ["plans", "general"] as RoomId[];

let scene: Scene;
let node: IdentityParts;
beforeEach(async () => {
  scene = await Scene.open();
  node = scene.identity();
});
afterEach(() => scene.close());

function redeem(ticket: string, asked: readonly RoomId[] = rooms, at = node): Promise<string> {
  return codeOf(at.authenticator.authenticate({ ticket, rooms: asked }));
}

async function ticketOf(identity: Identity): Promise<string> {
  return node.tickets.issue(identity, rooms).text;
}

async function guest(): Promise<Identity> {
  const { issuedToken = "" } = await node.accounts.guest({ name: "Ann" });
  return node.authenticator.authenticate({ token: issuedToken });
}

/** The scene's time, with timers that run when the test says. */
function clockByHand(): { readonly clock: Clock; readonly timers: (() => void)[] } {
  const timers: (() => void)[] = [];
  const after: Clock["after"] = (_delayMs, run) => {
    timers.push(run);
    return { cancel: () => timers.splice(timers.indexOf(run), 1) };
  };
  return { clock: { ...scene.clock, after }, timers };
}

describe("[A8] a connection ticket", () => {
  test("speaks for the session that asked for it, and for no other rooms than its own", async () => {
    const identity = await guest();
    const ticket = await ticketOf(identity);
    expect(await node.authenticator.authenticate({ ticket, rooms: rooms.toReversed() })).toEqual(
      identity,
    );
    const others = [[], ["plans"], ["general"], [...rooms, "more"], ["plans", "generaL"]];
    for (const asked of others as RoomId[][]) {
      expect([asked, await redeem(ticket, asked)]).toEqual([asked, "unauthenticated"]);
    }
  });

  test("is no token: it opens nothing else", async () => {
    const ticket = await ticketOf(await guest());
    expect(await codeOf(node.authenticator.authenticate({ token: ticket }))).toBe(
      "unauthenticated",
    );
  });

  test("is refused if anything of it was changed, or signed by another secret", async () => {
    const ticket = await ticketOf(await guest());
    const [body = "", mac = ""] = ticket.slice(4).split(".");
    const wrong = createHmac("sha256", secret).update(body).digest("base64url");
    const forged = [
      "",
      "plt_",
      "plt_.",
      `plt_${body}`,
      `plt_${body}.`,
      `plt_${body}.${wrong}`,
      `plt_${body}.${mac}.`,
      `plt_${body}x.${mac}`,
      `plt_${"a".repeat(10_000)}.${mac}`,
      ticket.slice(1),
    ];
    for (const text of forged)
      expect([text, await redeem(text)]).toEqual([text, "unauthenticated"]);
    const other = scene.identity({ secrets: [`${secret}!`] });
    expect(await redeem(ticket, rooms, other)).toBe("unauthenticated");
    const renewed = scene.identity({ secrets: [`${secret}!`, secret] });
    expect(await redeem(ticket, rooms, renewed)).toBe("accepted");
  });

  test("has 60 seconds to be used for the first time", async () => {
    const early = await ticketOf(await guest());
    const late = await ticketOf(await guest());
    scene.offsetMs += openWithinMs - 1_000;
    expect(await redeem(early)).toBe("accepted");
    scene.offsetMs += 2_000;
    expect(await redeem(late)).toBe("unauthenticated");
  });

  test("is good again while a connection holds it, and five to ten minutes longer", async () => {
    const ticket = await ticketOf(await guest());
    expect(await redeem(ticket)).toBe("accepted");
    const first = node.tickets.hold(ticket);
    const second = node.tickets.hold(ticket);
    scene.offsetMs += 10 * reopenWithinMs;
    expect(await redeem(ticket)).toBe("accepted");
    first();
    scene.offsetMs += reopenWithinMs + 1;
    expect(await redeem(ticket)).toBe("accepted");
    second();
    scene.offsetMs += reopenWithinMs - 1_000;
    expect(await redeem(ticket)).toBe("accepted");
    scene.offsetMs += 2 * reopenWithinMs + 1;
    expect(await redeem(ticket)).toBe("unauthenticated");
  });

  test("survives a restart within its life if it was used, and not if it was not", async () => {
    const identity = await guest();
    const [fresh, used, unused] = [
      await ticketOf(identity),
      await ticketOf(identity),
      await ticketOf(identity),
    ];
    expect(await redeem(used)).toBe("accepted");
    await scene.restart();
    node = scene.identity();
    expect(await redeem(fresh)).toBe("accepted");
    scene.offsetMs += openWithinMs + 1_000;
    await scene.restart();
    node = scene.identity();
    expect(await redeem(used)).toBe("accepted");
    // Asking does not make it one that was used.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await redeem(unused)).toBe("unauthenticated");
    }
  });

  test("is good at any node while it is in use, and five to ten minutes longer", async () => {
    const ticket = await ticketOf(await guest());
    const other = scene.identity();
    const unused = await ticketOf(await guest());
    scene.offsetMs += reopenWithinMs + 1_000 - openWithinMs;
    expect(await redeem(ticket)).toBe("unauthenticated");
    const used = await ticketOf(await guest());
    expect(await redeem(used)).toBe("accepted");
    scene.offsetMs += reopenWithinMs - 1_000;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await redeem(unused, rooms, other)).toBe("unauthenticated");
    }
    expect(await redeem(used, rooms, other)).toBe("accepted");
    scene.offsetMs += 2 * reopenWithinMs + 1_000;
    expect(await redeem(used)).toBe("unauthenticated");
    expect(await redeem(used, rooms, other)).toBe("unauthenticated");
  });

  test("stays good at any node as long as one has a stream of it, a day and more", async () => {
    const { clock, timers } = clockByHand();
    const at = scene.identity({ clock });
    const up = scene.identity();
    const ticket = await ticketOf(await guest());
    expect(await redeem(ticket, rooms, at)).toBe("accepted");
    const release = at.tickets.hold(ticket);
    for (let passed = 0; passed < recordedMs + 6 * reopenWithinMs; passed += reopenWithinMs) {
      scene.offsetMs += reopenWithinMs;
      for (const run of timers.splice(0)) run();
      await expect.poll(() => timers.length).toBe(1);
    }
    await expect.poll(() => redeem(ticket, rooms, up)).toBe("accepted");
    release();
    for (const run of timers.splice(0)) run();
    expect(timers).toEqual([]);
  });

  test("is over when a day has passed and nobody knows of it", async () => {
    const ticket = await ticketOf(await guest());
    expect(await redeem(ticket)).toBe("accepted");
    scene.offsetMs += openWithinMs + recordedMs + 1_000;
    expect(await redeem(ticket, rooms, scene.identity())).toBe("unauthenticated");
  });

  test("[I-17] ends with the session, also where it was used before", async () => {
    const identity = await guest();
    const ticket = await ticketOf(identity);
    expect(await redeem(ticket)).toBe("accepted");
    await node.accounts.signOut(identity.session ?? ("" as never));
    expect(await redeem(ticket)).toBe("unauthenticated");
    const second = scene.identity();
    expect(await redeem(ticket, rooms, second)).toBe("unauthenticated");
  });

  test("[I-17] ends with the user", async () => {
    const identity = await guest();
    const ticket = await ticketOf(identity);
    await node.users.setDisabled(identity.user, true, scene.clock.now());
    expect(await redeem(ticket)).toBe("unauthenticated");
  });

  test("[I-17] ends with the key, and has its scopes", async () => {
    const { record, token } = await node.keys.createKey({ name: "shop", scopes: ["read"] });
    const identity = await node.authenticator.authenticate({ token });
    const ticket = await ticketOf(identity);
    expect(await node.authenticator.authenticate({ ticket, rooms })).toMatchObject({
      user: "service:shop",
      scopes: ["read"],
    });
    await node.keys.revokeKey(record.id);
    expect(await redeem(ticket)).toBe("unauthenticated");
  });

  test("[I-17] of a JWT ends with its user and with its expiry", async () => {
    const identityOf = async (user: string): Promise<Identity> => {
      const request = { user, name: user, ttlSeconds: 3_600, now: scene.clock.now() };
      return node.authenticator.authenticate({ token: await signToken(secret, request) });
    };
    const [kept, disabled] = [await identityOf("ext-7"), await identityOf("ext-8")];
    const [ticket, other] = [await ticketOf(kept), await ticketOf(disabled)];
    expect(await node.authenticator.authenticate({ ticket, rooms })).toEqual(kept);
    expect(await redeem(other)).toBe("accepted");
    await node.users.setDisabled(disabled.user, true, scene.clock.now());
    expect(await redeem(other)).toBe("unauthenticated");
    node.tickets.hold(ticket);
    scene.offsetMs += 3_590_000;
    expect(await redeem(ticket)).toBe("accepted");
    scene.offsetMs += 11_000;
    expect(await redeem(ticket)).toBe("unauthenticated");
  });

  test("counts as a failed token where it is none", async () => {
    const strict = scene.identity({ attemptsPerMinute: 2 });
    const { authenticator } = strict;
    const attempt = (ticket: string): Promise<string> =>
      codeOf(authenticator.authenticate({ ticket, rooms, address: "192.0.2.7" }));
    for (let count = 0; count < 3; count += 1) await attempt("plt_x.y");
    expect(
      await codeOf(authenticator.authenticate({ token: "pls_00_x", address: "192.0.2.7" })),
    ).toBe("rate_limited");
  });
});
