/**
 * `npm run image`: makes the image of `deploy/Dockerfile` and starts it, on a Debian without a container engine's daemon:
 * as root, with `apt-get install mmdebstrap buildah podman runc crun apache2`. It needs PostgreSQL and Redis of this
 * machine too. The base stays in `$TMPDIR/parlance-image` for the next time; `--keep` takes the image that is there.
 *
 * One line for each thing that holds. Exit code 0: all hold, 1: one does not, 2: something is missing here, told by name.
 */
import { strict as assert } from "node:assert";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateToken } from "@parlance/publisher";
import { createDatabase, signToken } from "@parlance/testkit/cluster";
import { freePort } from "@parlance/testkit/server-process";
import { hasService, serviceUrl } from "@parlance/testkit/services";
import WebSocket from "ws";
import { Outside } from "../test/deploy/outside.ts";
import { makeCertificate, ProxyProgram } from "../test/deploy/proxy-program.ts";
import { hasRequirement } from "../test/requirements.ts";
import { seen, send } from "../test/systems/install.ts";
import { ImageEngine, missing } from "./image-engine.ts";

const readyMs = 30_000;
const name = "parlance-image";
const fleetName = "parlance-image-fleet";
const volume = "parlance-image-data";
const secret = randomBytes(48).toString("base64");

const absent = [
  ...missing(),
  ...(["apache", "openssl"] as const).filter((need) => !hasRequirement(need)),
  ...(["postgresql", "redis"] as const).filter((service) => !hasService(service)),
];
if (absent.length > 0) {
  console.log(`image: not made, since these are missing: ${absent.join(", ")}`);
  process.exit(2);
}

const engine = new ImageEngine(join(tmpdir(), "parlance-image"));
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
let held = 0;

try {
  remove();
  engine.makeBase(process.execPath);
  if (!process.argv.includes("--keep")) engine.buildImage();
  await holds("the image says who, what and how", describesItself);
  await holds("[PE-03] it starts, is ready, and its log is the container's", starts);
  await holds(
    "[PE-03] it runs without rights, from the bundle, in a directory of its own",
    isModest,
  );
  await holds(
    "[PE-03] the health check says 0, 1 while the server hangs, and 0 again",
    tellsHealth,
  );
  await holds("[PE-01] Apache in front of it leads /wss to it", isBehindApache);
  await holds("[PE-03] what was acknowledged is there after a kill and a new container", keepsData);
  await holds("[PE-03] a stop sends the clients away and ends with 0", drains);
  await holds("[PE-03] it joins PostgreSQL and Redis by its environment", joinsServices);
  console.log(`image: ${held} things hold`);
} catch (error) {
  console.log(logOf(name), logOf(fleetName));
  console.log(error);
  process.exitCode = 1;
} finally {
  remove();
}

async function holds(what: string, check: () => unknown): Promise<void> {
  const beganAt = performance.now();
  const more = await check();
  held += 1;
  const seconds = ((performance.now() - beganAt) / 1_000).toFixed(1);
  console.log(`ok  ${what} (${seconds} s)${typeof more === "string" ? `: ${more}` : ""}`);
}

function remove(): void {
  engine.ask("rm", "--force", "--time", "0", name, fleetName);
  engine.ask("volume", "rm", "--force", volume);
}

function describesItself(): string {
  const [image] = JSON.parse(engine.podman("image", "inspect", "parlance").stdout);
  assert.equal(image.Config.User, "parlance");
  assert.equal(image.Config.StopSignal, "SIGTERM");
  assert.deepEqual(image.Config.Cmd, ["parlance", "start"]);
  assert.deepEqual(Object.keys(image.Config.Volumes), ["/var/lib/parlance"]);
  assert.deepEqual(Object.keys(image.Config.ExposedPorts), ["8080/tcp"]);
  assert.deepEqual(image.Healthcheck.Test, ["CMD", "parlance", "health"]);
  const [base] = JSON.parse(engine.podman("image", "inspect", "node:24-bookworm-slim").stdout);
  const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  return `${mb(image.Size - base.Size)} on a base of ${mb(base.Size)}`;
}

async function starts(): Promise<void> {
  start(name, {});
  await ready(url);
  const lines = logOf(name).trim().split("\n");
  const events = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line).event);
  assert.ok(events.includes("server_listening"), lines.join("\n"));
}

/** What the container wrote: the server's log goes to its standard error. */
function logOf(container: string): string {
  const { stdout, stderr } = engine.ask("logs", container);
  return stdout + stderr;
}

function start(container: string, more: Readonly<Record<string, string>>): void {
  engine.start(
    container,
    container === name ? `${volume}:/var/lib/parlance` : "/var/lib/parlance",
    {
      PARLANCE_PORT: String(port),
      PARLANCE_HOST: "127.0.0.1",
      PARLANCE_SECRET: secret,
      PARLANCE_PUBLIC_URL: "https://chat.example",
      PARLANCE_TRUSTED_PROXIES: "127.0.0.1",
      ...more,
    },
  );
}

async function ready(at: string): Promise<void> {
  const end = performance.now() + readyMs;
  for (;;) {
    const answer = await fetch(`${at}/ready`).catch(() => undefined);
    const { status } = answer?.ok ? ((await answer.json()) as { status: string }) : {};
    if (status === "ready") return;
    if (performance.now() > end) throw new Error(`not ready: ${status ?? answer?.status}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function inside(...command: readonly string[]): string {
  return engine.podman("exec", name, ...command).stdout.trim();
}

function isModest(): void {
  assert.equal(inside("id", "-u"), "10001");
  assert.match(inside("sh", "-c", "grep CapEff /proc/1/status"), /0000000000000000$/);
  assert.equal(engine.ask("exec", name, "touch", "/opt/parlance/x").code, 1);
  // Which modules a command loads: those of the bundle, and not the sources.
  const trace = "NODE_V8_COVERAGE=/tmp/modules parlance --version && cat /tmp/modules/*";
  const loaded = inside("sh", "-c", trace);
  assert.match(loaded, /parlance-bundle\/[^"]*\/main\.mjs/);
  assert.doesNotMatch(loaded, /packages\/cli\/src\/main\.ts/);
}

async function tellsHealth(): Promise<void> {
  const health = (): number => engine.ask("healthcheck", "run", name).code;
  assert.equal(health(), 0);
  // The server is what init has started.
  const pid = inside("cat", "/proc/1/task/1/children").split(" ")[0];
  inside("sh", "-c", `kill -STOP ${pid}`);
  assert.equal(health(), 1);
  inside("sh", "-c", `kill -CONT ${pid}`);
  await ready(url);
  assert.equal(health(), 0);
}

async function isBehindApache(): Promise<void> {
  const proxy = await ProxyProgram.make("apache", makeCertificate(), [port, port, port]);
  try {
    await proxy.start();
    const office = await new Outside(proxy).socket("/wss");
    send(office, { type: "update_user_info", userId: 4, token: generateToken(4, 600, { secret }) });
    await seen(office, { type: "user_info_update_confirmation", success: true });
    office.socket.terminate();
  } finally {
    await proxy.remove();
  }
}

function operatorToken(): string {
  const now = Math.floor(Date.now() / 1_000);
  return signToken({ sub: "service:image", scope: "admin", iat: now, exp: now + 600 }, secret);
}

async function request(method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${operatorToken()}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

async function keepsData(): Promise<void> {
  const texts = Array.from({ length: 20 }, (_, index) => `number ${index + 1}`);
  for (const text of texts) await request("POST", "/publish", { room: "image", text });
  engine.podman("kill", "--signal", "KILL", name);
  engine.podman("rm", "--force", name);
  start(name, {});
  await ready(url);
  const page = JSON.stringify(await request("GET", "/rooms/image/messages?limit=200"));
  const found = [...page.matchAll(/"text":"(number \d+)"/g)].map(([, text]) => text);
  assert.deepEqual(new Set(found), new Set(texts));
  assert.equal(found.length, texts.length);
}

async function drains(): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chatlogger`);
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  engine.podman("stop", "--time", "30", name);
  assert.ok([1001, 1012].includes(await closed), `closed with ${await closed}`);
  assert.equal(
    engine.podman("inspect", "--format", "{{.State.ExitCode}}", name).stdout.trim(),
    "0",
  );
  assert.match(logOf(name), /"event":"server_stopped"/);
}

async function joinsServices(): Promise<void> {
  const database = await createDatabase("postgresql", { name: `image_${Date.now()}` });
  try {
    start(fleetName, {
      PARLANCE_DATABASE_URL: database.urlBy(database.port ?? 0),
      PARLANCE_BROKER_URL: serviceUrl("redis"),
    });
    await ready(url);
    // It also finds that nobody has made the name of its public address known.
    const { stdout } = engine.ask("exec", fleetName, "parlance", "doctor");
    assert.match(stdout, /^fine +database: PostgreSQL/m);
    assert.match(stdout, /^fine +broker: redis:.* carries from one node to another/m);
  } finally {
    engine.ask("rm", "--force", "--time", "10", fleetName);
    await database.drop();
  }
}
