import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createServer as createTlsServer,
  getCACertificates,
  setDefaultCACertificates,
} from "node:tls";
import type { Notice } from "@parlance/core";
import { describeWith, serviceUrl } from "@parlance/testkit/services";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createNatsBroker } from "../nats/index.ts";
import { createRabbitmqBroker } from "../rabbitmq/index.ts";
import { createRedisBroker } from "../redis/index.ts";
import { parseBrokerUrl } from "../url/broker-url.ts";
import type { LineBroker } from "./broker.ts";
import type { BrokerOptions } from "./line.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const hasNats = spawnSync("nats-server", ["--version"]).status === 0;

const directory = mkdtempSync(join(tmpdir(), "parlance-tls-"));
const [keyFile, certificateFile] = [join(directory, "key.pem"), join(directory, "cert.pem")];
const trusted = getCACertificates("default");

let installId: string;
let opened: LineBroker[] = [];
let servers: Server[] = [];
let nats: ChildProcess | undefined;

beforeAll(() => {
  if (!hasOpenssl) return;
  const what = [
    "req",
    "-x509",
    "-nodes",
    "-days",
    "2",
    "-newkey",
    "rsa:2048",
    "-subj",
    "/CN=localhost",
  ];
  const names = ["-addext", "subjectAltName=DNS:localhost"];
  const files = ["-keyout", keyFile, "-out", certificateFile];
  execFileSync("openssl", [...what, ...names, ...files], { stdio: "ignore" });
});
beforeEach(() => {
  installId = `tls-${process.pid}-${Math.random().toString(36).slice(2)}`;
});
afterEach(async () => {
  setDefaultCACertificates(trusted);
  await Promise.all(opened.map((broker) => broker.close()));
  for (const server of servers) server.close();
  nats?.kill("SIGKILL");
  [opened, servers, nats] = [[], [], undefined];
});
afterAll(() => rmSync(directory, { recursive: true }));

type Make = (options: BrokerOptions) => Promise<LineBroker>;

async function open(make: Make, nodeId: string, url: string): Promise<LineBroker> {
  const broker = await make({ url, installId, nodeId, report: () => {} });
  opened.push(broker);
  return broker;
}

/** Takes the encryption off before the service. @returns the port. */
async function encrypted(url: string): Promise<number> {
  const [place = { host: "127.0.0.1", port: 1 }] = parseBrokerUrl(url).hosts;
  const server = createTlsServer(
    { key: readFileSync(keyFile), cert: readFileSync(certificateFile) },
    (near) => {
      const far = connect(place.port, place.host);
      near.pipe(far).pipe(near);
      near.on("error", () => far.destroy());
      far.on("error", () => near.destroy());
    },
  );
  server.on("tlsClientError", () => {});
  servers.push(server);
  server.listen(0, "localhost");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Nodes join over a certificate that they trust, and none without it. */
async function expectChecked(make: Make, url: string): Promise<void> {
  const stranger = await open(make, "c", url);
  expect(stranger.isConnected()).toBe(false);
  await stranger.close();
  setDefaultCACertificates([...trusted, readFileSync(certificateFile, "utf8")]);
  const [a, b] = [await open(make, "a", url), await open(make, "b", url)];
  const heard: Notice[] = [];
  await b.subscribe("control", (notice) => heard.push(notice));
  a.publish("control", { type: "control", head: 1 });
  await expect.poll(() => heard.length).toBe(1);
  const wrongName = await open(make, "d", url.replace("localhost", "127.0.0.1"));
  expect(wrongName.isConnected()).toBe(false);
}

describe.skipIf(!hasOpenssl)("encrypted (absent: openssl)", () => {
  describeWith("redis")("with Redis", () => {
    test("rediss: checks the server's certificate", async () => {
      const port = await encrypted(serviceUrl("redis"));
      await expectChecked(createRedisBroker, `rediss://localhost:${port}`);
    });
  });

  describeWith("rabbitmq")("with RabbitMQ", () => {
    test("amqps: checks the server's certificate", async () => {
      const port = await encrypted(serviceUrl("rabbitmq"));
      const { user = "guest", password = "guest" } = parseBrokerUrl(serviceUrl("rabbitmq"));
      await expectChecked(createRabbitmqBroker, `amqps://${user}:${password}@localhost:${port}`);
    });
  });

  describe.skipIf(!hasNats)("with NATS (absent: nats-server)", () => {
    test("tls: checks the server's certificate", async () => {
      const free = createServer().listen(0, "localhost");
      await once(free, "listening");
      const { port } = free.address() as AddressInfo;
      free.close();
      const file = join(directory, "nats.conf");
      writeFileSync(
        file,
        `listen: "localhost:${port}"\ntls { cert_file: "${certificateFile}", key_file: "${keyFile}" }\n`,
      );
      nats = spawn("nats-server", ["-c", file], { stdio: "ignore" });
      await new Promise((resolve) => setTimeout(resolve, 500));
      await expectChecked(createNatsBroker, `tls://localhost:${port}`);
    });
  });
});
