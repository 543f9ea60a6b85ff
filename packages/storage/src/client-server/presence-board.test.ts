import type { PresenceBoard, PresenceList } from "@parlance/core";
import type { WireUser } from "@parlance/protocol";
import { roomId, userId } from "@parlance/testkit/contracts";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { afterEach, beforeEach, expect, test } from "vitest";
import { engines } from "../../test/engines.ts";
import { freshPrefix } from "../../test/postgres-fixture.ts";
import type { Store } from "../store.ts";

const longMs = 60_000;

function people(...names: string[]): WireUser[] {
  return names.map((name) => ({ id: userId(name), name, kind: "external" }));
}

function list(node: string, room: string, ...names: string[]): PresenceList {
  const users = people(...names);
  return { node, room: roomId(room), users, isCutOff: true, isClosing: false };
}

for (const engine of engines) {
  describeWith(engine.service)(`${engine.service}: the board of who is present`, () => {
    const prefix = freshPrefix();
    const stores: Store[] = [];
    let here: PresenceBoard;
    let there: PresenceBoard;

    async function open(): Promise<PresenceBoard> {
      const store = await engine.open(serviceUrl(engine.service), prefix);
      stores.push(store);
      if (store.presence === undefined) throw new Error("there is no board");
      return store.presence;
    }

    beforeEach(async () => {
      here = await open();
      there = await open();
    });
    afterEach(async () => {
      for (const store of stores.splice(0)) await store.close();
      await engine.drop(prefix);
    });

    test("[I-19] others read what a node put, whole and the newest only; the node does not read its own", async () => {
      await here.put([list("a", "r1", "ann", "bob \u{1F600}"), list("a", "r2", "ann")]);
      await here.put([{ ...list("a", "r1", "bob"), isCutOff: false, isClosing: true }]);
      const news = await there.since("b", { place: 0 });
      expect(news.map(({ place: _, ...rest }) => rest)).toEqual([
        list("a", "r2", "ann"),
        { ...list("a", "r1", "bob"), isCutOff: false, isClosing: true },
      ]);
      expect(await here.since("a", { place: 0 })).toEqual([]);
      const last = news.at(-1)?.place ?? 0;
      expect(await there.since("b", { place: last })).toEqual([]);
      expect(await there.since("b", { ageMs: longMs })).toEqual(news);
    });

    test("[I-19] somebody who reads on misses nothing that others put at the same time", async () => {
      const heard = new Map<string, number>();
      let place = 0;
      let isDone = false;
      const reading = (async () => {
        for (;;) {
          const wasDone = isDone;
          for (const one of await there.since("reader", { place })) {
            heard.set(`${one.node} ${one.room}`, one.users.length);
            place = one.place;
          }
          if (wasDone) return;
        }
      })();
      await Promise.all(
        ["a", "b", "c", "d"].map(async (node, index) => {
          const board = index % 2 === 0 ? here : there;
          for (let round = 1; round <= 25; round += 1) {
            const names = Array.from({ length: round }, (_, n) => `${node}-${n}`);
            await board.put([list(node, `r${round % 3}`, ...names), list(node, "all", ...names)]);
          }
        }),
      );
      isDone = true;
      await reading;
      for (const node of ["a", "b", "c", "d"]) {
        expect(heard.get(`${node} all`)).toBe(25);
        expect(heard.get(`${node} r1`)).toBe(25);
        expect(heard.get(`${node} r0`)).toBe(24);
      }
    });

    test("[F-T2] how old a list is the database's clock says", async () => {
      await here.put([list("a", "r1", "ann"), list("a", "r2", "ann")]);
      const found = await there.inRooms("b", [roomId("r1"), roomId("r3")], longMs);
      expect(found.map(({ room }) => room)).toEqual(["r1"]);
      expect(await there.inRooms("a", [roomId("r1")], longMs)).toEqual([]);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await there.inRooms("b", [roomId("r1")], 200)).toEqual([]);
      expect(await there.since("b", { ageMs: 200 })).toEqual([]);
    });

    test("a node takes back its own lists and nobody else's", async () => {
      await here.put([list("a", "r1", "ann")]);
      await there.put([list("b", "r1", "bob")]);
      await here.takeBack("a");
      const found = await here.inRooms("c", [roomId("r1")], longMs);
      expect(found.map(({ node }) => node)).toEqual(["b"]);
    });

    test("a list of ten thousand people is carried", async () => {
      const names = Array.from({ length: 10_000 }, (_, n) => `person-${n}-${"x".repeat(40)}`);
      await here.put([list("a", "r1", ...names)]);
      const [found] = await there.inRooms("b", [roomId("r1")], longMs);
      expect(found?.users).toEqual(people(...names));
    });
  });
}
