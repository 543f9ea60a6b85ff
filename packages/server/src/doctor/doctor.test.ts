/** Set-ups that are really wrong, and what is said of each. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer, request, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { freePort } from "@parlance/testkit/server-process";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import { writeRunningFile } from "../running-file.ts";
import { type ParlanceServer, startServer } from "../start.ts";
import { examineInstall } from "./examine.ts";
import type { Finding } from "./finding.ts";

const openssl = "/usr/bin/openssl";
const slow = 60_000;
let directory: string;
const closes: (() => unknown)[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "doctor-"));
});
afterEach(async () => {
  for (const close of closes.splice(0).toReversed()) await close();
  await rm(directory, { recursive: true, force: true });
});

function load(flags: Readonly<Record<string, string>> = {}) {
  return loadConfig({
    flags: { port: "0", log_level: "silent", ...flags },
    environment: {},
    directory,
  });
}

async function examine(
  flags: Readonly<Record<string, string>> = {},
  isPatient = false,
): Promise<readonly Finding[]> {
  return examineInstall(load(flags), () => {}, isPatient);
}

const about = (findings: readonly Finding[], what: string) =>
  findings.filter((finding) => finding.about === what);
/** Only what is not fine. */
const troubles = (findings: readonly Finding[], what: string) =>
  about(findings, what).filter(({ state }) => state !== "fine");

async function serve(flags: Readonly<Record<string, string>> = {}): Promise<ParlanceServer> {
  const server = await startServer(load(flags).config);
  closes.push(() => server.close(0));
  return server;
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closes.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test(
  "[PE-03] of an install that is well nothing is broken, and nothing is changed by looking",
  async () => {
    const before = await examine();
    expect(before.filter(({ state }) => state === "broken")).toEqual([]);
    expect(existsSync(join(directory, "data"))).toBe(false);
    const server = await serve();
    const findings = await examine({ public_url: server.url });
    expect(findings.filter(({ state }) => state === "broken")).toEqual([]);
    expect(about(findings, "server")).toMatchObject([{ state: "fine" }]);
    expect(about(findings, "database").map(({ state }) => state)).toEqual(["fine", "fine"]);
    expect(about(findings, "proxy").map(({ found }) => found)).toEqual([
      expect.stringContaining("/health answers"),
      expect.stringContaining("WebSockets pass"),
      expect.stringContaining("Event streams arrive"),
    ]);
  },
  slow,
);

test(
  "every finding that is not fine says what to do",
  async () => {
    const findings = await examine({
      database_url: "postgres://root@127.0.0.1:1/nothing",
      broker_url: "redis://127.0.0.1:1",
      public_url: "http://127.0.0.1:1",
      mode: "production",
    });
    const bad = findings.filter(({ state }) => state !== "fine");
    expect(bad.length).toBeGreaterThan(3);
    for (const { advice, found } of bad) {
      expect([found, advice]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\w/)]);
    }
  },
  slow,
);

describe("[PE-03] the database", () => {
  test(
    "that nobody answers for",
    async () => {
      const findings = await examine({ database_url: "postgres://root@127.0.0.1:1/nothing" });
      const [found] = troubles(findings, "database");
      expect(found?.state).toBe("broken");
      expect(found?.advice).toContain("Nobody answers there");
    },
    slow,
  );

  describeWith("mariadb")("with a password", () => {
    test(
      "that is wrong",
      async () => {
        const url = new URL(serviceUrl("mariadb"));
        url.password = "not-the-password";
        const findings = await examine({ database_url: url.href });
        const [found] = troubles(findings, "database");
        expect(found?.state).toBe("broken");
        expect(found?.advice).toContain("password");
        expect(JSON.stringify(findings)).not.toContain("not-the-password");
      },
      slow,
    );
  });

  describeWith("postgresql")("with a name", () => {
    test(
      "that is none",
      async () => {
        const url = new URL(serviceUrl("postgresql"));
        url.pathname = "/there_is_no_such_database";
        const [found] = troubles(await examine({ database_url: url.href }), "database");
        expect(found?.advice).toContain("Make the database first");
      },
      slow,
    );

    test(
      "that is one, with its clock",
      async () => {
        const findings = await examine({ database_url: `${serviceUrl("postgresql")}?prefix=dr_` });
        expect(about(findings, "database")[0]?.found).toMatch(/^PostgreSQL \d+/);
        expect(about(findings, "clock")).toMatchObject([{ state: "fine" }]);
      },
      slow,
    );
  });

  test(
    "whose file is damaged",
    async () => {
      const server = await serve();
      await server.close(0);
      const file = join(directory, "data", "parlance.db");
      const database = new DatabaseSync(file);
      database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      database.close();
      const bytes = readFileSync(file);
      for (let page = 2; page < bytes.length / 4_096; page += 1)
        bytes.fill(0x5a, page * 4_096, page * 4_096 + 64);
      writeFileSync(file, bytes);
      const found = troubles(await examine(), "database");
      expect(found.length).toBeGreaterThan(0);
      expect(found.every(({ state }) => state === "broken")).toBe(true);
    },
    slow,
  );

  test(
    "that a newer program made",
    async () => {
      const server = await serve();
      await server.close(0);
      const database = new DatabaseSync(join(directory, "data", "parlance.db"));
      database.exec("INSERT INTO migrations (version) VALUES (999)");
      database.close();
      expect(troubles(await examine(), "database")[0]?.found).toContain("999");
    },
    slow,
  );
});

describe("[PE-03] [PE-19] the broker", () => {
  test(
    "that is absent",
    async () => {
      const [found] = troubles(await examine({ broker_url: "redis://127.0.0.1:1" }), "broker");
      expect(found).toMatchObject({ state: "broken" });
      expect(found?.advice).toContain("Nobody answers there");
    },
    slow,
  );

  describeWith("redis")("that is there", () => {
    test(
      "carries",
      async () => {
        const [found] = about(await examine({ broker_url: serviceUrl("redis") }), "broker");
        expect(found?.state).not.toBe("broken");
        expect(found?.found).toMatch(/\d ms/);
      },
      slow,
    );
  });
});

describe("[PE-03] the machine", () => {
  test.runIf(existsSync("/proc/self"))(
    "a data directory that cannot be made",
    async () => {
      const [found] = troubles(await examine({ data_dir: "/proc/nope" }), "data directory");
      expect(found).toMatchObject({ state: "broken" });
      expect(found?.found).toContain("/proc");
    },
    slow,
  );

  test(
    "a port that another program has",
    async () => {
      const taken = createServer().listen(0, "127.0.0.1");
      await once(taken, "listening");
      closes.push(() => taken.close());
      const { port } = taken.address() as AddressInfo;
      const [found] = troubles(await examine({ port: String(port) }), "port");
      expect(found).toMatchObject({ state: "broken" });
    },
    slow,
  );

  test(
    "a server that was killed, whose pid another program has",
    async () => {
      mkdirSync(join(directory, "data"));
      writeRunningFile(join(directory, "data"), { url: "http://127.0.0.1:1" });
      const file = join(directory, "data", "running.json");
      const left = JSON.parse(readFileSync(file, "utf8")) as object;
      writeFileSync(file, JSON.stringify({ ...left, began: "0" }));
      const [found] = troubles(await examine(), "server");
      expect(found?.found).toContain("another program");
    },
    slow,
  );

  test(
    "a spool that everybody may write to, and what was refused there",
    async () => {
      const spool = join(directory, "data", "spool");
      mkdirSync(join(spool, "refused"), { recursive: true });
      chmodSync(spool, 0o777);
      writeFileSync(join(spool, "refused", "1.json"), "{");
      expect(troubles(await examine(), "spool").map(({ state }) => state)).toEqual([
        "broken",
        "attention",
      ]);
    },
    slow,
  );
});

describe("[PE-03] the public address", () => {
  test(
    "whose proxy does not pass upgrades",
    async () => {
      const server = await serve();
      // It forwards as HTTP says: Connection and Upgrade end at each hop (RFC 9110 §7.6.1).
      const proxy = createHttpServer((asked, answer) => {
        const { connection: _, upgrade: __, ...headers } = asked.headers;
        const forwarded = request(new URL(asked.url ?? "/", server.url), { headers }, (got) => {
          answer.writeHead(got.statusCode ?? 502, got.headers);
          got.pipe(answer);
        });
        forwarded.end();
      });
      const findings = await examine({ public_url: `http://${await listen(proxy)}` });
      const [found, ...others] = troubles(findings, "proxy");
      expect(found).toMatchObject({ state: "broken" });
      expect(found?.found).toContain("WebSockets do not pass");
      expect(found?.advice).toContain("Upgrade");
      expect(others).toEqual([]);
    },
    slow,
  );

  test(
    "whose proxy gathers what it passes on",
    async () => {
      const server = await serve();
      const proxy = createHttpServer((asked, answer) => {
        const forwarded = request(
          new URL(asked.url ?? "/", server.url),
          { headers: asked.headers },
          (got) => {
            const chunks: Buffer[] = [];
            got.on("data", (chunk: Buffer) => chunks.push(chunk));
            got.on("end", () => {
              answer.writeHead(got.statusCode ?? 502, got.headers);
              answer.end(Buffer.concat(chunks));
            });
          },
        );
        answer.on("close", () => forwarded.destroy());
        forwarded.on("error", () => {});
        forwarded.end();
      });
      proxy.on("upgrade", (asked, socket) => {
        const line = connect(server.port, "127.0.0.1");
        const headers = Object.entries(asked.headers).map(
          ([name, value]) => `${name}: ${String(value)}\r\n`,
        );
        line.write(`GET ${asked.url} HTTP/1.1\r\n${headers.join("")}\r\n`);
        line.pipe(socket).pipe(line);
        for (const end of [line, socket]) end.on("error", () => {});
      });
      const findings = await examine({ public_url: `http://${await listen(proxy)}` });
      expect(troubles(findings, "proxy")).toMatchObject([{ state: "attention" }]);
      expect(troubles(findings, "proxy")[0]?.advice).toContain("buffering");
    },
    slow,
  );

  test(
    "[MMB-23] whose proxy cuts quiet connections, and one whose proxy keeps them",
    async () => {
      const heartbeat = { heartbeat_ms: "1500" };
      const server = await serve(heartbeat);
      /** Passes everything on, and cuts a connection on which nothing came from the server for so long. */
      const proxyThatKeeps = (idleMs: number) =>
        createServer((line) => {
          const onward = connect(server.port, "127.0.0.1");
          onward.setTimeout(idleMs, () => line.destroy());
          for (const end of [line, onward]) end.on("error", () => {});
          line.on("close", () => onward.destroy());
          onward.on("close", () => line.destroy());
          line.pipe(onward).pipe(line);
        });
      const found = async (idleMs: number) => {
        const proxy = proxyThatKeeps(idleMs).listen(0, "127.0.0.1");
        closes.push(() => proxy.close());
        await once(proxy, "listening");
        const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
        const findings = await examine({ ...heartbeat, public_url: url }, true);
        return about(findings, "proxy").filter((finding) => finding.found.includes("quiet"));
      };
      expect(await found(60_000)).toMatchObject([{ state: "fine" }]);
      const [cut] = await found(500);
      expect(cut).toMatchObject({ state: "broken" });
      expect(cut?.advice).toContain("PARLANCE_HEARTBEAT_MS");
    },
    slow,
  );

  test(
    "behind which nobody is, or somebody else",
    async () => {
      const dead = await examine({ public_url: `http://127.0.0.1:${await freePort()}` });
      expect(troubles(dead, "proxy")).toMatchObject([{ state: "broken" }]);
      const gateway = createHttpServer((_, answer) => answer.writeHead(502).end());
      const [found] = troubles(
        await examine({ public_url: `http://${await listen(gateway)}` }),
        "proxy",
      );
      expect(found?.advice).toContain("does not reach the server");
    },
    slow,
  );

  test.runIf(existsSync(openssl))(
    "with a certificate that expired, or that nobody but itself vouches for",
    async () => {
      for (const [dates, word] of [
        [["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"], "expired on 2020-02-01"],
        [["-days", "90"], "signed by itself"],
      ] as const) {
        const pair = certificate(dates);
        const web = createHttpsServer(pair, (_, answer) => answer.end("{}"));
        const address = await listen(web);
        const url = `https://localhost:${address.split(":")[1]}`;
        const [found] = troubles(await examine({ public_url: url }), "tls");
        expect(found).toMatchObject({ state: "broken" });
        expect(found?.found).toContain(word);
      }
    },
    slow,
  );
});

/** Made by `openssl ca`, which alone takes dates of the past. */
function certificate(dates: readonly string[]): { key: string; cert: string } {
  const run = (...args: readonly string[]) =>
    execFileSync(openssl, args, { cwd: directory, stdio: ["ignore", "ignore", "ignore"] });
  writeFileSync(
    join(directory, "ca.cnf"),
    "[ca]\ndefault_ca=one\n[one]\ndatabase=index.txt\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\nrand_serial=yes\n" +
      "[any]\ncommonName=supplied\n",
  );
  writeFileSync(join(directory, "index.txt"), "");
  const subject = ["-subj", "/CN=localhost"];
  run(
    "req",
    "-new",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    "key.pem",
    "-out",
    "csr.pem",
    ...subject,
  );
  run(
    "ca",
    "-config",
    "ca.cnf",
    "-batch",
    "-selfsign",
    "-keyfile",
    "key.pem",
    "-in",
    "csr.pem",
    "-out",
    "cert.pem",
    ...dates,
  );
  const read = (name: string) => readFileSync(join(directory, name), "utf8");
  return { key: read("key.pem"), cert: read("cert.pem") };
}
