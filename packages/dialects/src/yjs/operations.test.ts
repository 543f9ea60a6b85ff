/** What operators see of the providers, whose login counts, and what becomes of them when it ends. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { signToken } from "@parlance/identity";
import { waitMs } from "@parlance/testkit/editor";
import { freePort } from "@parlance/testkit/server-process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { secret } from "../../test/stage.ts";
import { type Person, YjsStage } from "../../test/yjs-stage.ts";

const timeoutMs = 60_000;
const site = "https://office.example";
const password = "a long password 1";

interface Question {
  readonly dialect: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The application that the `connect` hook asks: it knows one session. */
let application: Server;
const questions: Question[] = [];
let metricsPort: number;
let stage: YjsStage;
let ann: Person;
let operator: Person;
beforeAll(async () => {
  application = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => void chunks.push(chunk));
    request.on("end", () => {
      const question = JSON.parse(Buffer.concat(chunks).toString()) as Question;
      questions.push(question);
      const isKnown = question.headers["cookie"]?.includes("SESSION=of-dora") === true;
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(isKnown ? { user_id: "dora", name: "Dora" } : {}));
    });
  });
  await new Promise<void>((resolve) => application.listen(0, "127.0.0.1", resolve));
  metricsPort = await freePort();
  stage = await YjsStage.start({
    PARLANCE_METRICS_LISTEN: `127.0.0.1:${metricsPort}`,
    PARLANCE_ORIGINS: site,
    PARLANCE_CONNECT_HOOK_URL: `http://127.0.0.1:${(application.address() as AddressInfo).port}/`,
  });
  ann = await stage.person("ann");
  const claims = { user: "service:operator", ttlSeconds: 3_600, now: Date.now() };
  operator = { id: claims.user, token: await signToken(secret, { ...claims, scopes: ["admin"] }) };
}, 120_000);
afterAll(async () => {
  await stage?.close();
  application?.closeAllConnections();
  await new Promise((resolve) => application.close(resolve));
});

interface View {
  readonly connection_id: string;
  readonly dialect: string;
  readonly user?: string;
  readonly rooms: number;
}

async function views(of: string): Promise<View[]> {
  const path = `/admin/connections?user=${of}`;
  return ((await stage.call(operator, "GET", path)) as { connections: View[] }).connections;
}

/** A figure of `/metrics` for the dialect; 0 where it is not there. */
async function metric(name: string, labels: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith(`${name}{${labels}}`));
  return Number(line?.split(" ").at(-1) ?? 0);
}

/** Somebody with a login of ours. */
async function account(username: string): Promise<Person> {
  const made = (await stage.call({ id: "", token: "" }, "POST", "/accounts", {
    username,
    password,
  })) as { token: string; user: { id: string } };
  return { id: made.user.id, token: made.token };
}

describe("operators", () => {
  test("[MMB-24] see each provider with its dialect, its user and its document, and can end it", async () => {
    const before = await metric("parlance_connections_opened_total", 'dialect="yjs"');
    const eva = await stage.person("eva");
    const room = await stage.document(ann, [eva, "member"]);
    const editor = await (await stage.editor(eva, room)).synced();
    const other = await (await stage.editor(ann, room, "2")).synced();
    const [view, ...more] = await views("eva");
    expect(view).toMatchObject({ dialect: "yjs", user: "eva", rooms: 1 });
    expect(more).toEqual([]);
    expect(await metric("parlance_connections", 'dialect="yjs"')).toBe(2);
    expect(await metric("parlance_connections_opened_total", 'dialect="yjs"')).toBe(before + 2);
    editor.type("counted");
    await other.reads("counted");
    const written = 'via="yjs",command="update_document"';
    expect(await metric("parlance_commands_total", written)).toBeGreaterThanOrEqual(1);

    await stage.call(operator, "DELETE", `/admin/connections/${view?.connection_id}`);
    await expect.poll(() => editor.closes.map(({ code }) => code)).toEqual([4403]);
    expect(editor.provider.shouldConnect).toBe(false);
    await expect.poll(() => metric("parlance_connections", 'dialect="yjs"')).toBe(1);
    expect(await views("eva")).toEqual([]);
  }, 60_000);
});

describe("a login that ends in mid-session", () => {
  const ends: readonly (readonly [string, (who: Person) => Promise<void>])[] = [
    [
      "who signs out elsewhere",
      async (who) => void (await stage.call(who, "DELETE", "/sessions/current")),
    ],
    [
      "whose account is disabled",
      async (who) =>
        void (await stage.call(operator, "POST", `/admin/users/${who.id}/disable`, {})),
    ],
  ];

  test.each(ends)(
    "[YJS-3] [A7] [I-17] %s is away within two seconds, for good, and writes nothing more",
    async (_, end) => {
      const who = await account(`user_${Date.now()}`);
      const room = await stage.document(ann, [who, "member"]);
      const writer = await (await stage.editor(ann, room)).synced();
      const editor = await (await stage.editor(who, room)).synced();
      editor.type("before");
      await writer.reads("before");
      const start = performance.now();
      await end(who);
      await expect.poll(() => editor.closes.length, { interval: 20 }).toBe(1);
      expect(performance.now() - start).toBeLessThan(2_000);
      expect(editor.closes[0]?.code).toBe(4401);
      expect(editor.provider.shouldConnect).toBe(false);
      // Its ticket ended with it.
      editor.type(", after");
      editor.provider.connect();
      await expect.poll(() => editor.closes.length).toBe(2);
      expect(editor.closes[1]?.code).toBe(4401);
      expect(writer.text).toBe("before");
    },
    timeoutMs,
  );

  test(
    "[YJS-3] [A7] [I-17] whose token runs out is away within two seconds, for good",
    async () => {
      const lifeS = 4;
      const now = Date.now();
      const fay = {
        id: "fay",
        token: await signToken(secret, { user: "fay", name: "fay", ttlSeconds: lifeS, now }),
      };
      const room = await stage.document(ann, [fay, "member"]);
      const editor = await (await stage.editor(fay, room)).synced();
      await expect.poll(() => editor.closes.length, { interval: 20 }).toBe(1);
      // A token's times are whole seconds.
      expect(Date.now() - now).toBeGreaterThan((lifeS - 1) * 1_000);
      expect(Date.now() - now).toBeLessThan((lifeS + 2) * 1_000);
      expect([editor.closes[0]?.code, editor.provider.shouldConnect]).toEqual([4401, false]);
    },
    timeoutMs,
  );
});

describe("the application's own login", () => {
  test(
    "[YJS-2] the `connect` hook lets a provider in as whom it names, by its cookie, and nobody else",
    async () => {
      const room = await stage.document(ann);
      const dora = await stage.person("dora");
      await stage.call(dora, "GET", "/rooms");
      await stage.call(ann, "PUT", `/rooms/${room}/members/dora`, { role: "member" });
      const writer = await (await stage.editor(ann, room)).synced();
      const cookie = { origin: site, cookie: "SESSION=of-dora" };
      const editor = await stage.openWith(room, cookie).synced();
      expect(questions.at(-1)).toMatchObject({
        dialect: "yjs",
        url: `/yjs/${room}`,
        headers: cookie,
      });
      editor.provider.awareness.setLocalState({ user: { name: "Ann" } });
      editor.type("mine");
      await writer.reads("mine");
      await expect.poll(() => Object.keys(writer.others()), { timeout: waitMs }).toEqual(["Dora"]);
      expect((await views("dora")).map(({ dialect }) => dialect)).toEqual(["yjs"]);

      const asked = questions.length;
      for (const [headers, code] of [
        [{ origin: site, cookie: "SESSION=made-up" }, 4401],
        // A page of another site has the cookie, too: nobody is asked, and the handshake is refused.
        [{ ...cookie, origin: "https://elsewhere.example" }, 1006],
      ] as const) {
        const refused = stage.openWith(room, headers);
        await expect.poll(() => refused.closes[0]?.code).toBe(code);
        expect(refused.provider.synced).toBe(false);
        refused.destroy();
      }
      expect(questions.length).toBe(asked + 1);
    },
    timeoutMs,
  );
});
