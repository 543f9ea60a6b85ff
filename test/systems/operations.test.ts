/** What the operators of PorticoEstate and of the Symfony chat had: proxies, logs, health, environment, migrations. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { generateToken } from "@parlance/publisher";
import { createDatabase } from "@parlance/testkit/cluster";
import { freePort } from "@parlance/testkit/server-process";
import { serviceUrl } from "@parlance/testkit/services";
import { afterEach, describe, expect, test } from "vitest";
import { requires } from "../requirements.ts";
import { connect, handshakeStatus, Install, seen, send } from "./install.ts";
import { Proxy } from "./proxy.ts";

const secret = "an-operator-of-these-tests-8e6d4c2b0a1f3579";
let install: Install;
afterEach(() => install?.remove());

const foreign = { origin: "https://evil.example" };

/** Somebody who is let in, says something and goes; and a page that is refused for its origin. */
async function traffic(): Promise<void> {
  const page = await connect(install.port, "/wss");
  send(page, { type: "update_user_info", token: generateToken(1, 600, { secret }), userId: 1 });
  await seen(page, { type: "user_info_update_confirmation", success: true });
  page.socket.close();
  await page.closed();
  expect(await handshakeStatus(install.port, "/wss", foreign)).toBe(403);
}

const eventsOf = (text: string): readonly string[] =>
  install.log(text).map(({ level, event }) => `${String(level)} ${String(event)}`);

describe("the log of a production server", () => {
  const production = { PARLANCE_MODE: "production", PARLANCE_SECRET: secret };

  test("[PE-16] [PE-17] has the essential lines of connections, on standard output, and neither info nor debug", async () => {
    install = await Install.make({ ...production, WSS_LOG_TO_DOCKER: "true" });
    await install.start();
    await traffic();
    await expect.poll(() => eventsOf(install.out)).toContain("info connection_closed");
    expect(await install.stop()).toBe(0);
    const told = new Set(eventsOf(install.out));
    expect(told).toContain("info connection_opened");
    const essential = [
      "server_listening",
      "server_stopped",
      "connection_opened",
      "signed_in",
      "connection_closed",
    ];
    expect(new Set([...told].filter((line) => line.startsWith("info ")))).toEqual(
      new Set(essential.map((event) => `info ${event}`)),
    );
    expect([...told].filter((line) => line.startsWith("debug "))).toEqual([]);
    expect(install.log(install.err)).toEqual([]);
  }, 90_000);

  test("[PE-16] [PE-19] tells all where debugging is on, and goes to the file only where Docker gets none", async () => {
    install = await Install.make({
      ...production,
      WSS_DEBUG_LOG_ENABLED: "true",
      WSS_LOG_TO_DOCKER: "false",
    });
    await install.start();
    await traffic();
    expect(await install.stop()).toBe(0);
    const told = eventsOf(install.logFile());
    expect(told).toContain("debug handshake_refused");
    expect(told).toContain("info server_draining");
    expect(install.log()).toEqual([]);
  }, 90_000);

  test("[PE-16] is silent where the master switch is off, whatever the others say", async () => {
    install = await Install.make({
      ...production,
      WSS_LOG_ENABLED: "false",
      WSS_DEBUG_LOG_ENABLED: "true",
      WSS_LOG_TO_DOCKER: "true",
    });
    await install.start();
    await traffic();
    expect(await install.stop()).toBe(0);
    expect(install.log()).toEqual([]);
  }, 90_000);
});

test("[PE-01] [MMB-23] [SC-12] behind a proxy, by its authors' paths, with the address that it names", async () => {
  const [mmb, symfony] = [await freePort(), await freePort()];
  install = await Install.make({
    PARLANCE_SECRET: secret,
    // The last is what it would be anyway; its operator has it from the description.
    PARLANCE_LISTEN: `mmb=${mmb},symfony-chat=${symfony},portico=/wss`,
    PARLANCE_TRUSTED_PROXIES: "127.0.0.1",
  });
  await install.start();
  const peer = "203.0.113.7";
  const proxy = await Proxy.start({ "/ws/": mmb, "/ws": symfony, "/wss": install.port }, peer);
  try {
    const token = (user: number): string => generateToken(user, 600, { secret });
    const editor = await connect(proxy.port, "/ws/");
    send(editor, { type: "auth", token: token(1) });
    await seen(editor, { type: "authenticated", user_id: 1 });
    const office = await connect(proxy.port, "/wss");
    send(office, { type: "update_user_info", userId: 2, token: token(2) });
    await seen(office, { type: "user_info_update_confirmation", success: true });
    const chat = await connect(proxy.port, "/ws");
    send(chat, { type: "auth", token: token(3), roomId: "general" });
    await seen(chat, { type: "auth_success" });
    // An id that is only claimed counts for peers of this machine; who comes through a proxy is none.
    const liar = await connect(proxy.port, "/wss");
    send(liar, { type: "update_user_info", userId: 2 });
    await seen(liar, { type: "user_info_update_confirmation", success: false });

    const { connections } = (await install.get(
      "/api/v1/admin/connections",
      await install.key("admin"),
    )) as { connections: readonly { user?: string; address: string }[] };
    const known = connections.flatMap(({ user = "" }) => (/^\d+$/.test(user) ? [user] : []));
    expect(known.sort()).toEqual(["1", "2", "3"]);
    expect(new Set(connections.map(({ address }) => address))).toEqual(new Set([peer]));
    for (const page of [editor, office, chat, liar]) page.socket.terminate();
  } finally {
    proxy.stop();
  }
}, 90_000);

test("[PE-02] health and status tell by exit code and in words whether the server is fit to serve", async () => {
  install = await Install.make();
  expect(await install.run(["health"])).toMatchObject({ code: 1, out: "unreachable\n" });
  await install.start();
  expect(await install.run(["health"])).toMatchObject({ code: 0, out: "ready\n" });
  const page = await connect(install.port, "/wss");
  const status = await install.run(["status"]);
  expect(status).toMatchObject({ code: 0 });
  expect(status.out).toContain(`ready at ${install.url}`);
  expect(status.out).toContain("connections: 1");
  page.socket.terminate();
  expect(await install.stop()).toBe(0);
  expect(await install.run(["health"])).toMatchObject({ code: 1, out: "unreachable\n" });
}, 90_000);

describe("the Symfony chat's server", () => {
  test("[SC-01] --port and --verbose, and how many are connected to each of two", async () => {
    install = await Install.make({ APP_ENV: "prod", APP_SECRET: secret });
    const second = await Install.make({ APP_ENV: "prod", APP_SECRET: secret });
    try {
      await install.start(["--port", String(install.port), "--verbose"]);
      await second.start();
      for (const { port } of [install, second]) {
        expect(await handshakeStatus(port, "/symfony-chat", foreign)).toBe(403);
      }
      await expect.poll(() => eventsOf(install.err)).toContain("debug handshake_refused");
      expect(eventsOf(second.err)).not.toContain("debug handshake_refused");
      const page = await connect(second.port, "/symfony-chat");
      const counts = async (of: Install): Promise<unknown> =>
        JSON.parse((await of.run(["status", "--json"])).out);
      expect(await counts(second)).toMatchObject({ status: "ready", counts: { connections: 1 } });
      expect(await counts(install)).toMatchObject({ status: "ready", counts: { connections: 0 } });
      page.socket.terminate();
    } finally {
      await second.remove();
    }
  }, 120_000);

  test("[SC-03] [SC-04] [SC-13] a room needs nothing but somebody who joins it; who comes and goes is told", async () => {
    install = await Install.make();
    await install.start();
    const made = async (username: string): Promise<number> => {
      const answer = await install.post("/api/users", { username, email: `${username}@x.example` });
      expect(answer.status).toBe(201);
      return ((await answer.json()) as { id: number }).id;
    };
    const [john, jane] = [await made("john_doe"), await made("jane_doe")];
    const statusOf = async (id: number): Promise<unknown> =>
      ((await install.get(`/api/users/${id}`)) as { status: string }).status;
    const enter = async (userId: number) => {
      const page = await connect(install.port, "/symfony-chat");
      send(page, { type: "auth", userId, roomId: "never-heard-of" });
      await seen(page, { type: "room_joined", roomId: "never-heard-of" });
      return page;
    };
    const first = await enter(john);
    const second = await enter(jane);
    await seen(first, { type: "user_status", userId: jane, status: "online" });
    expect(await statusOf(jane)).toBe("online");
    second.socket.terminate();
    await seen(first, { type: "user_status", userId: jane, status: "offline" });
    expect([await statusOf(jane), await statusOf(john)]).toEqual(["offline", "online"]);
    // The room's page is the web app; the room is there, with nothing configured.
    const page = await fetch(`${install.url}/room/never-heard-of`);
    expect([page.status, page.headers.get("content-type")]).toEqual([
      200,
      expect.stringContaining("text/html"),
    ]);
    first.socket.terminate();
  }, 120_000);

  test("[SC-05] [CL-11] tables are made at the first start; migrate tells and does the same by itself", async () => {
    install = await Install.make();
    expect((await install.run(["migrate", "--status"])).out).toContain("There is no database yet.");
    expect(existsSync(install.dataDir)).toBe(false);
    expect(await install.run(["migrate"])).toMatchObject({ code: 0 });
    const found = await install.run(["migrate", "--status", "--json"]);
    expect(JSON.parse(found.out)).toMatchObject({ state: "current", in_use: false });
    await install.start();
    const inUse = await install.run(["migrate", "--status", "--json"]);
    expect(JSON.parse(inUse.out)).toMatchObject({ state: "current", in_use: true });
  }, 90_000);

  test("[SC-10] the description's environment, from .env and .env.local, starts it where it says", async () => {
    const port = await freePort();
    install = await Install.make();
    install.write(
      ".env",
      `APP_ENV=prod\nAPP_SECRET=${secret}\nWEBSOCKET_HOST=127.0.0.1\nWEBSOCKET_PORT=1\n` +
        "RABBITMQ_HOST=localhost\nRABBITMQ_PORT=5672\nRABBITMQ_USER=guest\nRABBITMQ_PASSWORD=guest\n" +
        "RABBITMQ_VHOST=/\nMESSENGER_TRANSPORT_DSN=amqp://guest:guest@localhost:5672/%2f/messages\n",
    );
    install.write(".env.local", `APP_ENV=dev\nWEBSOCKET_PORT=${port}\n`);
    await install.start();
    const answer = await install.post("/api/users", { username: "ada", email: "ada@x.example" });
    const { id } = (await answer.json()) as { id: number };
    const page = await connect(port);
    send(page, { type: "auth", userId: id, roomId: "general" });
    await seen(page, { type: "auth_success", userId: id, username: "ada" });
    page.socket.terminate();
    const shown = await install.run(["config"]);
    expect(shown.out).toContain("joins the nodes");
    expect(await install.stop()).toBe(0);

    const mysql =
      "mysql://root:canary@127.0.0.1:1/chat_system?serverVersion=8.0.32&charset=utf8mb4";
    const refused = await install.run(["start"], { DATABASE_URL: mysql });
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("The database on MySQL at 127.0.0.1:1/chat_system cannot be");
    expect(refused.err).not.toContain("canary");
  }, 120_000);

  requires("mariadb")(
    "[SC-05] [SC-10] on the description's own engine: the DSN, migrations, and a server that keeps its data there",
    async () => {
      const database = await createDatabase("mariadb", { name: "Chat-System" });
      const { hostname, port, username, password } = new URL(serviceUrl("mariadb"));
      const at = `${username}:${password}@${hostname}:${port === "" ? "3306" : port}`;
      const dsn = `mysql://${at}/Chat-System?serverVersion=8.0.32&charset=utf8mb4`;
      install = await Install.make({ DATABASE_URL: dsn });
      try {
        const status = async () =>
          JSON.parse((await install.run(["migrate", "--status", "--json"])).out) as object;
        expect(await status()).toMatchObject({ state: "absent" });
        expect(await install.run(["migrate"])).toMatchObject({ code: 0 });
        expect(await status()).toMatchObject({ state: "current", in_use: false });
        await install.start();
        const answer = await install.post("/api/users", { username: "ada", email: "a@x.example" });
        expect(answer.status).toBe(201);
        expect(await install.stop()).toBe(0);
        const session = await database.session();
        const rows = await session.query("SELECT username FROM parlance_users");
        await session.close();
        expect(rows).toEqual([{ username: "ada" }]);
        expect(existsSync(join(install.dataDir, "parlance.db"))).toBe(false);
      } finally {
        await install.stop().catch(() => undefined);
        await database.drop();
      }
    },
    120_000,
  );
});
