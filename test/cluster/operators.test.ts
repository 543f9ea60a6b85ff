/** What operators ask any node for, and who is one: the session of an administrator, on whichever node it comes. */
import { Cluster, type ClusterNode, signToken } from "@parlance/testkit/cluster";
import { describeWith } from "@parlance/testkit/services";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../e2e/dialects/line.ts";

const timeoutMs = 120_000;
const patience = { timeout: 30_000, interval: 100 };
const password = "a good long password";

let cluster: Cluster;
let first: ClusterNode;
let second: ClusterNode;

/* Answers are looked at as they come. */
interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- each test names what it reads
  readonly body: any;
}

async function send(
  node: ClusterNode,
  method: string,
  path: string,
  token?: string,
  body?: unknown,
  key?: string,
): Promise<Answer> {
  const response = await fetch(`${node.url}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

function operatorToken(): string {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { sub: "service:ops", scope: "admin", iat: now, exp: now + 3_600 };
  return signToken(claims, cluster.secret);
}

const asOperator = (node: ClusterNode, method: string, path: string, body?: unknown) =>
  send(node, method, `/api/v1/admin${path}`, operatorToken(), body);

/** A session of an account that is made first. */
async function account(username: string): Promise<string> {
  await asOperator(first, "POST", "/users", { username, password });
  const signedIn = await send(first, "POST", "/api/v1/sessions", undefined, { username, password });
  return signedIn.body.token;
}

describeWith("redis", "postgresql")("operators of two nodes", () => {
  beforeAll(async () => {
    cluster = await Cluster.start({ engine: "postgresql", broker: "redis", nodes: 2 });
    const [one, other] = cluster.nodes;
    if (one === undefined || other === undefined) throw new Error("two nodes");
    first = one;
    second = other;
    await until(
      async () => (await asOperator(first, "GET", "/nodes")).body.nodes.length === 2,
      "two nodes that say that they live",
    );
  }, timeoutMs);
  afterAll(() => cluster?.remove(), timeoutMs);

  test(
    "[AD1] no admin route tells or does anything without an operator's right: nobody, guest, member, demoted, key",
    async () => {
      const demoted = await account("demoted");
      expect((await asOperator(first, "PUT", "/users/demoted/admin")).status).toBe(204);
      expect((await send(first, "GET", "/api/v1/admin/nodes", demoted)).status).toBe(200);
      expect((await asOperator(first, "DELETE", "/users/demoted/admin")).status).toBe(204);
      const guest = await send(first, "POST", "/api/v1/guests", undefined, { name: "Guest" });
      const key = await asOperator(first, "POST", "/keys", { name: "shop", scopes: ["publish"] });
      const people: Readonly<Record<string, string>> = {
        guest: guest.body.token ?? "",
        member: await account("member"),
        demoted,
        key: key.body.token,
      };
      const { paths } = (await send(first, "GET", "/api/openapi.json")).body;
      const routes = Object.entries<object>(paths)
        .filter(([path]) => path.includes("/admin/"))
        .flatMap(([path, methods]) =>
          Object.keys(methods).map((method) => [method.toUpperCase(), path] as const),
        );
      expect(routes.length).toBeGreaterThan(15);
      for (const [method, pattern] of routes) {
        const path = pattern.replace(/\{\w+\}/g, "member");
        const body = method === "POST" || method === "PUT" ? {} : undefined;
        const nobody = await send(second, method, path, undefined, body);
        expect([method, pattern, nobody.status]).toEqual([method, pattern, 401]);
        for (const [who, token] of Object.entries(people)) {
          const answer = await send(second, method, path, token, body);
          expect([method, pattern, who, answer.status]).toEqual([method, pattern, who, 404]);
          expect(answer.body.error.code).toBe("not_found");
        }
      }
    },
    timeoutMs,
  );

  test(
    "[AD1] an administrator's session is an operator's on every node, and none within two seconds of the end of that",
    async () => {
      const token = await account("chief");
      const overview = (node: ClusterNode) =>
        send(node, "GET", "/api/v1/admin/overview?points=none", token);
      expect((await overview(second)).status).toBe(404);
      await asOperator(first, "PUT", "/users/chief/admin");
      await expect.poll(async () => (await overview(second)).status, patience).toBe(200);
      // It was remembered on both nodes by now.
      expect((await overview(first)).status).toBe(200);
      await asOperator(first, "DELETE", "/users/chief/admin");
      expect((await overview(first)).status).toBe(404);
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      expect((await overview(second)).status).toBe(404);
      // What moves the whole install elsewhere stays with whoever has the secret.
      await asOperator(first, "PUT", "/users/chief/admin");
      expect((await send(first, "GET", "/api/v1/admin/move", token)).status).toBe(404);
    },
    timeoutMs,
  );

  test(
    "[MMB-30] one node tells what both do",
    async () => {
      const { status, body } = await asOperator(second, "GET", "/overview");
      expect(status).toBe(200);
      expect(body.silent).toEqual([]);
      expect(body.nodes.map(({ url }: { url: string }) => url).toSorted()).toEqual(
        [first.url, second.url].toSorted(),
      );
      for (const node of body.nodes) {
        expect(node).toMatchObject({ database: "postgres", broker: "redis", draining: false });
        expect(node.now).toMatchObject({ database_up: 1, broker_connected: 1 });
        expect(node.now.memory_bytes).toBeGreaterThan(10_000_000);
      }
    },
    timeoutMs,
  );

  test(
    "[MMB-30] what became of a message is told in words and times: received, committed, repeated, edited, read, delivered, deleted",
    async () => {
      const secretText = "nobody sees this text";
      const token = await account("writer");
      const room = (
        await send(first, "POST", "/api/v1/rooms", token, { kind: "public", title: "Traced" })
      ).body.room;
      const path = `/api/v1/rooms/${room}/messages`;
      const message = { text: secretText };
      const written = await send(first, "POST", path, token, message, "traced-1");
      const { sequence, message_id: id } = written.body;
      // The same again, elsewhere.
      const again = await send(second, "POST", path, token, message, "traced-1");
      expect(again.body).toMatchObject({ repeated: true, sequence });
      const edit = { text: `${secretText}, edited` };
      await send(second, "PATCH", `${path}/${id}`, token, edit);

      const byPlace = await asOperator(second, "GET", `/trace/${room}:${sequence}`);
      const trace = byPlace.body;
      expect(byPlace.status).toBe(200);
      expect((await asOperator(first, "GET", `/trace/${id}`)).body.sequence).toBe(sequence);
      expect(JSON.stringify(trace)).not.toContain(secretText);
      expect(trace).toMatchObject({
        id,
        room,
        sequence,
        client_message_id: "traced-1",
        deleted: false,
        silent: [],
        members: 1,
      });
      expect(trace.author).toBe(trace.principal);
      expect(trace.read_by).toEqual([trace.author]);
      expect(trace.later).toMatchObject([{ type: "message.edited" }]);
      const appends = trace.nodes.flatMap(({ node, appends: seen }: Answer["body"]) =>
        seen.map((append: object) => ({ node, ...append })),
      );
      expect(appends).toHaveLength(2);
      expect(appends.map(({ repeated }: Answer["body"]) => repeated).toSorted()).toEqual([
        false,
        true,
      ]);
      expect(new Set(appends.map(({ node }: Answer["body"]) => node)).size).toBe(2);
      expect(appends[0]).toMatchObject({ via: "http" });
      const deliveries = trace.nodes.flatMap(({ deliveries: seen }: Answer["body"]) => seen);
      expect(deliveries.length).toBeGreaterThan(0);

      await send(first, "DELETE", `${path}/${id}`, token);
      const after = (await asOperator(first, "GET", `/trace/${id}`)).body;
      expect(after).toMatchObject({ deleted: true });
      expect(after.later.at(-1)).toMatchObject({ type: "message.deleted" });
      expect((await asOperator(first, "GET", "/trace/nowhere:1")).status).toBe(404);
      expect((await asOperator(first, "GET", `/trace/${room}:1`)).status).toBe(404);
      expect((await asOperator(first, "GET", "/trace/none")).status).toBe(404);

      // A node that was started anew has forgotten, and says so.
      await first.stop();
      await first.start();
      await expect
        .poll(async () => (await asOperator(second, "GET", "/nodes")).body.nodes.length, patience)
        .toBe(2);
      const later = (await asOperator(second, "GET", `/trace/${id}`)).body;
      const forgot = later.nodes.find(({ appends: seen }: Answer["body"]) => seen.length === 0);
      expect(Date.parse(forgot.remembers_since)).toBeGreaterThan(Date.parse(trace.written_at));
    },
    timeoutMs,
  );
});
