/** Publishing over `https:`: to a proxy whose certificate is trusted, and never to another. */
import { readFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect } from "vitest";
import { hasRequirement, requires } from "../requirements.ts";
import { Caller, type Environment, interpreters, libraries, run, shell } from "./languages.ts";
import { Scene } from "./scene.ts";

let scene: Scene;
let key: string;
let certificate: string;
let proxy: Server;
let url: string;

beforeAll(async () => {
  if (!hasRequirement("openssl")) return;
  scene = await Scene.start();
  key = await scene.key("publish");
  certificate = join(scene.server.dataDir, "certificate.pem");
  const secretPath = join(scene.server.dataDir, "certificate-key.pem");
  const made = await run(interpreters.openssl, [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost".split(
      " ",
    ),
    "-addext",
    "subjectAltName=DNS:localhost",
    "-keyout",
    secretPath,
    "-out",
    certificate,
  ]);
  expect(made.code).toBe(0);
  const pair = { key: readFileSync(secretPath), cert: readFileSync(certificate) };
  proxy = createServer(pair, (socket) => {
    const server = connect(scene.server.port, "127.0.0.1");
    socket.on("error", () => server.destroy());
    server.on("error", () => socket.destroy());
    socket.pipe(server).pipe(socket);
  });
  proxy.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  url = `https://localhost:${(proxy.address() as AddressInfo).port}`;
}, 60_000);
afterAll(async () => {
  proxy?.close();
  await scene?.close();
});
beforeEach(() => scene?.emptySpool());

const environment = (more: Environment): Environment =>
  scene.environment(key, { PARLANCE_URL: url, ...more });

describe.each(libraries)("in %s", (...library) => {
  requires(library[0], "openssl")("a trusted certificate is taken, and no other", async () => {
    const message = { room: `secure-${library[0]}`, text: "Secret ä".repeat(500) };
    const trusting = new Caller(library, environment({ SSL_CERT_FILE: certificate }));
    for (let count = 0; count < 3; count += 1) {
      expect((await trusting.call("publish", message)).ok).toMatchObject({ by: "http" });
    }
    await trusting.close();
    const careful = new Caller(library, environment({}));
    expect((await careful.call("publish", message)).ok).toMatchObject({
      by: "spool",
      reason: expect.stringMatching(/certificate/i),
    });
    await careful.close();
    // The name counts too.
    const elsewhere = url.replace("localhost", "127.0.0.1");
    const other = new Caller(
      library,
      environment({ SSL_CERT_FILE: certificate, PARLANCE_URL: elsewhere }),
    );
    expect((await other.call("publish", message)).ok).toMatchObject({ by: "spool" });
    await other.close();
    expect(await scene.texts(message.room)).toHaveLength(3);
  });
});

requires("curl", "openssl")(
  "with curl a trusted certificate is taken, and no other",
  async () => {
    const message = { ROOM: "secure-curl", TEXT: "Secret" };
    const trusted = environment({ ...message, SSL_CERT_FILE: certificate });
    expect((await shell("publish.sh", [], trusted)).code).toBe(0);
    const done = await shell("publish.sh", [], environment({ ...message, PARLANCE_SPOOL_DIR: "" }));
    expect([done.code, done.err]).toEqual([75, expect.stringMatching(/certificate/i)]);
    expect(await scene.texts("secure-curl")).toEqual(["Secret"]);
  },
  60_000,
);
