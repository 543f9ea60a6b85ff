/** Stock `y-websocket` providers, of both versions, on a whole server. */

import { versions, waitMs } from "@parlance/testkit/editor";
import { freePort } from "@parlance/testkit/server-process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Person, YjsStage } from "../../test/yjs-stage.ts";

const timeoutMs = 60_000;

/** A port of its own, as pages for the providers' own server have it. */
let port: number;
let stage: YjsStage;
let ann: Person;
let bob: Person;
let cem: Person;
beforeAll(async () => {
  port = await freePort();
  stage = await YjsStage.start({ PARLANCE_LISTEN: `yjs=${port},yjs=/collab` });
  ann = await stage.person("ann");
  bob = await stage.person("bob");
  cem = await stage.person("cem");
}, 120_000);
afterAll(() => stage.close());

describe.each(versions)("y-websocket %s", (version) => {
  test(
    "[YJS-4] [MMB-11] two editors write one document, and a third reads it afterwards",
    async () => {
      const room = await stage.document(ann, [bob, "member"]);
      const first = await (await stage.editor(ann, room, version)).synced();
      const second = await (await stage.editor(bob, room, version)).synced();
      first.type("hello");
      await second.reads("hello");
      second.type(" world");
      first.type("> ", 0);
      await first.reads("> hello world");
      await second.reads("> hello world");
      const third = await (await stage.editor(bob, room, version)).synced();
      expect(third.text).toBe("> hello world");
    },
    timeoutMs,
  );

  test(
    "[YJS-7] [MMB-12] cursors have the name of whose they are, are there for whoever comes, and go with their connection",
    async () => {
      const room = await stage.document(ann, [bob, "member"]);
      const first = await (await stage.editor(ann, room, version)).synced();
      first.provider.awareness.setLocalState({ user: { name: "Bob", color: "#f00" }, cursor: 3 });
      const second = await (await stage.editor(bob, room, version)).synced();
      const user = { name: "ann", id: "ann", color: "#f00" };
      await expect
        .poll(() => second.others(), { timeout: waitMs })
        .toEqual({ ann: { user, cursor: 3 } });
      for (let cursor = 4; cursor < 60; cursor += 1) {
        first.provider.awareness.setLocalStateField("cursor", cursor);
      }
      await expect
        .poll(() => second.others(), { timeout: waitMs })
        .toEqual({ ann: { user, cursor: 59 } });
      // Without a word: the line breaks off.
      first.cut();
      first.provider.shouldConnect = false;
      await expect.poll(() => second.others(), { timeout: 5_000 }).toEqual({});
      // The same client comes back, with the clock that others know as gone.
      first.provider.connect();
      await expect
        .poll(() => second.others(), { timeout: 5_000 })
        .toEqual({ ann: { user, cursor: 59 } });
      // What the others showed is there again as well.
      second.provider.awareness.setLocalStateField("cursor", 1);
      await expect
        .poll(() => first.others()["bob"], { timeout: waitMs })
        .toMatchObject({ cursor: 1 });
    },
    timeoutMs,
  );

  test(
    "[YJS-4] [I-2] [F-N4] what was typed while the server was killed is there again, once, for everybody",
    async () => {
      const room = await stage.document(ann, [bob, "member"]);
      const first = await (await stage.editor(ann, room, version)).synced();
      const second = await (await stage.editor(bob, room, version)).synced();
      let want = "";
      for (let round = 0; round < 3; round += 1) {
        // The last of these are under way when it dies: not one of them may be lost, or be there twice.
        for (let index = 0; index < 40; index += 1) first.type(String(index % 10));
        want += "0123456789".repeat(4);
        await stage.server.kill();
        first.type("|");
        want += "|";
        await stage.server.start();
        await second.reads(want);
      }
      const third = await (await stage.editor(bob, room, version)).synced();
      expect(third.text).toBe(want);
    },
    timeoutMs,
  );

  test(
    "[YJS-4] [I-2] who goes on typing while the line comes back is not sent away",
    async () => {
      const room = await stage.document(ann, [bob, "member"]);
      const first = await (await stage.editor(ann, room, version)).synced();
      const second = await (await stage.editor(bob, room, version)).synced();
      let left = 80;
      const typeOn = (): void => {
        if (left === 0) return;
        left -= 1;
        first.type("x");
        setTimeout(typeOn, 1);
      };
      await stage.server.kill();
      // The server lacks this when it hears of what stands on it.
      first.type("away ");
      first.provider.on("status", ({ status }) => {
        if (status === "connected") typeOn();
      });
      await stage.server.start();
      await second.reads(`away ${"x".repeat(80)}`);
      expect(first.closes.filter(({ code }) => code >= 4000)).toEqual([]);
    },
    timeoutMs,
  );

  test(
    "[YJS-3] a stopped server sends its providers away, and they come back",
    async () => {
      const room = await stage.document(ann);
      const editor = await (await stage.editor(ann, room, version)).synced();
      await stage.server.stop();
      await stage.server.start();
      await editor.synced();
      expect(editor.closes[0]).toEqual({ code: 1012, reason: "draining" });
      editor.type("again");
      const other = await (await stage.editor(ann, room, version)).synced();
      await other.reads("again");
    },
    timeoutMs,
  );

  test(
    "[YJS-6] [Z9] a member who may only read goes on reading, and writes in nobody's copy",
    async () => {
      const room = await stage.document(ann, [bob, "guest"]);
      const writer = await (await stage.editor(ann, room, version)).synced();
      const reader = await (await stage.editor(bob, room, version)).synced();
      reader.type("mine");
      writer.type("ours");
      await expect.poll(() => reader.text, { timeout: waitMs }).toContain("ours");
      reader.type(" too");
      writer.type("!");
      await expect.poll(() => reader.text, { timeout: waitMs }).toContain("!");
      const other = await (await stage.editor(ann, room, version)).synced();
      expect([other.text, writer.text]).toEqual(["ours!", "ours!"]);
      expect(reader.closes).toEqual([]);
      // From now on they may, and what they have of their own comes with what they write next.
      await stage.call(ann, "PUT", `/rooms/${room}/members/bob/role`, { role: "member" });
      reader.type("?");
      await expect.poll(() => writer.text, { timeout: waitMs }).toBe(reader.text);
      expect(writer.text).toContain("mine");
    },
    timeoutMs,
  );
});

describe("who comes in", () => {
  test("[YJS-2] [A6] nobody without a ticket, with one of another room, with a broken one or with a token in the address", async () => {
    const room = await stage.document(ann);
    const other = await stage.document(ann);
    const wrong: Record<string, string>[] = [
      {},
      { ticket: "plt_none" },
      { ticket: await stage.ticket(ann, other) },
      { token: ann.token },
      { ticket: await stage.ticket(ann, room), access_token: ann.token },
      { ticket: ann.token },
    ];
    for (const params of wrong) {
      const editor = stage.open(room, params);
      await expect.poll(() => editor.closes, { timeout: waitMs }).toHaveLength(1);
      expect(editor.closes).toEqual([{ code: 4401, reason: "unauthenticated" }]);
      // The provider has given up.
      expect(editor.provider.shouldConnect).toBe(false);
    }
    expect(stage.server.output).not.toContain(ann.token);
  });

  test("[YJS-3] [Z1] a document of others answers as one that is absent", async () => {
    const room = await stage.document(ann);
    for (const asked of [room, "r_absent00000000000000"]) {
      const editor = await stage.editor(cem, asked);
      await expect.poll(() => editor.closes, { timeout: waitMs }).toHaveLength(1);
      expect(editor.closes).toEqual([{ code: 4404, reason: "not_found" }]);
    }
  });

  test("[YJS-2] a page that gets a new ticket goes on", async () => {
    const room = await stage.document(ann);
    const editor = stage.open(room, { ticket: "plt_over" });
    editor.type("kept meanwhile");
    await expect.poll(() => editor.closes, { timeout: waitMs }).toHaveLength(1);
    editor.provider.params["ticket"] = await stage.ticket(ann, room);
    editor.provider.connect();
    await editor.synced();
    const other = await (await stage.editor(ann, room)).synced();
    await other.reads("kept meanwhile");
  });

  test("[YJS-2] [A8] a ticket is good again for the page that came with it", async () => {
    const room = await stage.document(ann);
    const editor = await (await stage.editor(ann, room)).synced();
    for (let round = 1; round <= 3; round += 1) {
      editor.cut();
      await expect.poll(() => editor.closes.length, { timeout: waitMs }).toBe(round);
      await editor.synced();
    }
  });

  test("[YJS-3] [Z2] whoever is put out is told at once and for good, and gets nothing that follows", async () => {
    const room = await stage.document(ann, [bob, "member"]);
    const writer = await (await stage.editor(ann, room)).synced();
    const reader = await (await stage.editor(bob, room)).synced();
    writer.type("before");
    await reader.reads("before");
    await stage.call(ann, "DELETE", `/rooms/${room}/members/bob`);
    writer.type(", after");
    await expect.poll(() => reader.closes, { timeout: waitMs }).toHaveLength(1);
    expect(reader.closes).toEqual([{ code: 4404, reason: "not_found" }]);
    expect([reader.text, reader.provider.shouldConnect]).toEqual(["before", false]);
  });

  test("[YJS-1] a name with a colon, encoded or not, and a document that its first user makes", async () => {
    const room = `document:${Date.now()}`;
    const editor = await (await stage.editor(ann, room)).synced();
    editor.type("made");
    const encoded = stage.open(encodeURIComponent(room), { ticket: await stage.ticket(ann, room) });
    await encoded.reads("made");
  });

  test("[YJS-1] the same document at a port of its own, at any path, and at another path", async () => {
    const room = await stage.document(ann);
    const editor = await (await stage.editor(ann, room)).synced();
    editor.type("one");
    const main = stage.server.url.replace("http", "ws");
    for (const url of [`ws://127.0.0.1:${port}`, `ws://127.0.0.1:${port}/a/b`, `${main}/collab`]) {
      const params = { ticket: await stage.ticket(ann, room) };
      await stage.open(room, params, "3", url).reads("one");
    }
    expect(stage.server.output).toContain('"dialect":"yjs"');
  });
});
