/** What the operator of ChatLogger had beside its page: a port, a process, a log on the console, tables. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "@parlance/testkit/server-process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Speaker } from "../bad-input/scene.ts";
import { connect, Install, type LogLine, seen, send } from "./install.ts";

describe("ChatLogger's server", () => {
  let install: Install;
  let port: number;
  let key: string;

  beforeAll(async () => {
    port = await freePort();
    install = await Install.make({ PARLANCE_LISTEN: `chatlogger=${port}` });
    expect(existsSync(install.dataDir)).toBe(false);
    await install.start();
    key = await install.key("admin", "read");
  }, 120_000);
  afterAll(() => install?.remove());

  interface Connection {
    readonly connection_id: string;
    readonly dialect: string;
    readonly connected_ms: number;
  }

  async function connections(): Promise<readonly Connection[]> {
    const body = await install.get("/api/v1/admin/connections?limit=5000", key);
    return (body as { connections: readonly Connection[] }).connections;
  }

  test("[CL-01] a port of its own, where every path is the chat", async () => {
    const pages = await Promise.all(
      ["/", "/chat", "/any/where?x=1"].map((at) => connect(port, at)),
    );
    const [first] = pages as [Speaker, ...Speaker[]];
    send(first, { username: "Ann", message: "on my own port" });
    for (const page of pages) {
      const frame = await seen(page, { message: "on my own port" });
      expect(Object.keys(frame)).toEqual(["type", "username", "message", "timestamp"]);
      page.socket.terminate();
    }
  });

  test("[CL-16] a page that was opened from disk may come in on this machine, with the Origin null", async () => {
    const page = await connect(port, "/", { origin: "null" });
    send(page, { username: "Disk", message: "from a file" });
    await seen(page, { username: "Disk", message: "from a file" });
    page.socket.terminate();
  });

  test("[CL-04] one client's error closes that connection and is logged; the process and the others live", async () => {
    const { pid } = install;
    const other = await connect(port);
    const bad = await connect(port);
    bad.socket.send(Buffer.from([1, 2, 3]));
    expect(await bad.closed()).toBe(1003);
    const ended = install.log().filter(({ event }) => event === "connection_closed");
    expect(ended.at(-1)).toMatchObject({ dialect: "chatlogger" });
    send(other, { username: "Other", message: "still here" });
    await seen(other, { username: "Other", message: "still here" });
    expect(process.kill(pid, 0)).toBe(true);
    other.socket.terminate();
  });

  test("[CL-05] live connections can be asked for, each has an id, and who goes is not among them", async () => {
    const known = new Set((await connections()).map(({ connection_id }) => connection_id));
    const page = await connect(port);
    let mine: Connection | undefined;
    await expect
      .poll(async () => {
        mine = (await connections()).find(({ connection_id }) => !known.has(connection_id));
        return mine;
      })
      .toMatchObject({
        dialect: "chatlogger",
        number: expect.any(Number) as number,
        connected_ms: expect.any(Number) as number,
      });
    page.socket.close();
    await expect
      .poll(async () => (await connections()).map(({ connection_id }) => connection_id))
      .not.toContain(mine?.connection_id);
  });

  test("[CL-10] the database is opened at the start, once, however many talk", async () => {
    const open = (): number => {
      const folder = `/proc/${install.pid}/fd`;
      if (!existsSync(folder)) return 0;
      return readdirSync(folder).filter((fd) => {
        try {
          return readlinkSync(join(folder, fd)).endsWith("/parlance.db");
        } catch {
          return false;
        }
      }).length;
    };
    expect(existsSync(join(install.dataDir, "parlance.db"))).toBe(true);
    expect(open()).toBeGreaterThan(0);
    const pages = await Promise.all(Array.from({ length: 20 }, () => connect(port)));
    for (const [n, page] of pages.entries()) {
      send(page, { username: `Guest ${n}`, message: `line ${n}` });
    }
    for (const page of pages) await seen(page, { message: "line 19" });
    // By the writer, and by two threads that read: not by anybody who talks.
    expect(open()).toBeLessThanOrEqual(3);
    for (const page of pages) page.socket.terminate();
  });

  test("[CL-11] tables are made at the first start, and what they held can be asked for", async () => {
    const page = await connect(port);
    send(page, { username: "Table", message: "a row" });
    await seen(page, { message: "a row" });
    const users = (await install.get("/api/users")) as { id: number; username: string }[];
    expect(users.find(({ username }) => username === "Table")?.id).toBeGreaterThan(0);
    const log = (await install.get("/api/v1/rooms/chatlogger/messages", key)) as {
      events: { author?: { id: string; name: string }; text?: string }[];
    };
    // Pages of other tests may still be leaving.
    const rows = log.events
      .map((event) => JSON.stringify(event))
      .filter((row) => row.includes("a row"));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toContain("Table");
    page.socket.terminate();
  });

  test("[CL-12] the console tells: started, new connection with its id, the same id gone, an error", async () => {
    const from = install.log().length;
    const told = (event: string): readonly LogLine[] =>
      install
        .log()
        .slice(from)
        .filter((line) => line["event"] === event);
    const page = await connect(port);
    page.socket.close();
    const bad = await connect(port);
    bad.socket.send(Buffer.from([0]));
    await bad.closed();
    await expect.poll(() => told("connection_opened")).toHaveLength(2);
    for (const { connection_id: id } of told("connection_opened")) {
      await expect
        .poll(() => told("connection_closed").map((line) => line["connection_id"]))
        .toContain(id);
    }
    expect(install.log().find(({ event }) => event === "server_listening")).toMatchObject({
      level: "info",
      url: install.url,
    });
    // What the second one's frame was refused with.
    expect(told("connection_closed").map(({ code }) => code)).toContain(1003);
  });

  test("[CL-03] two thousand pages at a time, and each gets the line", async () => {
    const pages: Speaker[] = [];
    while (pages.length < 2_000) {
      pages.push(...(await Promise.all(Array.from({ length: 100 }, () => connect(port)))));
    }
    const [first] = pages as [Speaker, ...Speaker[]];
    send(first, { username: "Crowd", message: "to two thousand" });
    for (const page of pages) await seen(page, { message: "to two thousand" });
    expect((await connections()).length).toBeGreaterThanOrEqual(2_000);
    for (const page of pages) page.socket.terminate();
  }, 120_000);

  test("[CL-21] after kill -9 everything that was seen is there, once and in order", async () => {
    const page = await connect(port);
    for (let n = 1; n <= 30; n += 1) send(page, { username: "Kill", message: `n ${n}` });
    await seen(page, { message: "n 30" });
    await install.stop("SIGKILL");
    await install.start();
    const again = await connect(port);
    await seen(again, { message: "n 30" });
    const lines = again.frames.filter((frame) => frame["username"] === "Kill");
    expect(lines.map((frame) => frame["message"])).toEqual(
      Array.from({ length: 30 }, (_, n) => `n ${n + 1}`),
    );
    again.socket.terminate();
  }, 90_000);

  test("[CL-13] the process in the foreground is the server, and Ctrl+C ends it", async () => {
    const running = JSON.parse(readFileSync(join(install.dataDir, "running.json"), "utf8")) as {
      pid: number;
    };
    expect(running.pid).toBe(install.pid);
    expect(install.out).toContain(`Chat        ${install.url}`);
    expect(install.out).toMatch(new RegExp(`^Also        chatlogger ${port}$`, "m"));
    expect(await install.stop("SIGINT")).toBe(0);
    await expect(fetch(`${install.url}/health`)).rejects.toThrow();
  });
});
