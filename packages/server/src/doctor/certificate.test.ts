/** What the doctor says of certificates that an authority has signed, made by openssl. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import type { Finding } from "./finding.ts";
import { examineOutside } from "./outside.ts";

const openssl = "/usr/bin/openssl";
const slow = 60_000;
const directory = mkdtempSync(join(tmpdir(), "doctor-certificate-"));
const trusted = getCACertificates("default");
let web: Server | undefined;

const read = (name: string): string => readFileSync(join(directory, name), "utf8");
function run(...args: readonly string[]): void {
  execFileSync(openssl, args, { cwd: directory, stdio: "ignore" });
}
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** A certificate of `name`, signed by `by`, as `<file>.pem` with its key. */
function sign(file: string, by: string, name: string, days: number, extension: string): void {
  writeFileSync(join(directory, `${file}.ext`), extension);
  run(
    "req",
    "-new",
    ...newKey,
    ...["-keyout", `${file}.key`, "-out", `${file}.csr`, "-subj", `/CN=${name}`],
  );
  run(
    ...["x509", "-req", "-in", `${file}.csr`, "-out", `${file}.pem`, "-days", String(days)],
    ...["-CA", `${by}.pem`, "-CAkey", `${by}.key`, "-CAcreateserial", "-extfile", `${file}.ext`],
  );
}

beforeAll(() => {
  if (!existsSync(openssl)) return;
  const root = ["-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=Root", "-days", "90"];
  run("req", "-x509", ...newKey, ...root);
  sign("between", "root", "Between", 90, "basicConstraints=critical,CA:TRUE");
});
afterEach(() => {
  setDefaultCACertificates(trusted);
  web?.closeAllConnections();
  web?.close();
});
afterAll(() => rmSync(directory, { recursive: true }));

/** What is found of a server that shows these certificates, by a machine that trusts the root. */
async function found(key: string, ...shown: readonly string[]): Promise<Finding | undefined> {
  const cert = shown.map((file) => read(`${file}.pem`)).join("");
  web = createServer({ key: read(`${key}.key`), cert }, (_, answer) => answer.end("{}"));
  web.listen(0, "localhost");
  await once(web, "listening");
  const { port } = web.address() as AddressInfo;
  setDefaultCACertificates([...trusted, read("root.pem")]);
  const flags = { public_url: `https://localhost:${port}` };
  const { config } = loadConfig({ flags, environment: {}, directory });
  const findings = await examineOutside(config, undefined);
  return findings.find(({ about }) => about === "tls");
}

describe.runIf(existsSync(openssl))("[PE-03] a certificate of an authority", () => {
  test(
    "is good with its whole chain, and told to be broken without it",
    async () => {
      sign("site", "between", "localhost", 60, "subjectAltName=DNS:localhost");
      expect(await found("site", "site", "between")).toMatchObject({
        state: "fine",
        found: expect.stringMatching(
          /^The certificate of localhost is good until \d{4}-\d\d-\d\d\.$/,
        ),
      });
      web?.close();
      const half = await found("site", "site");
      expect(half).toMatchObject({ state: "broken" });
      expect(half?.found).toContain("the certificate between it and its authority is missing");
      expect(half?.advice).toContain("whole chain");
    },
    slow,
  );

  test(
    "for another name is told to be that",
    async () => {
      sign("other", "between", "other.example", 60, "subjectAltName=DNS:other.example");
      const wrong = await found("other", "other", "between");
      expect(wrong).toMatchObject({ state: "broken" });
      expect(wrong?.found).toContain("it is for another name");
      expect(wrong?.advice).toContain("for this name");
    },
    slow,
  );

  test(
    "that ends soon is told in time",
    async () => {
      sign("soon", "between", "localhost", 5, "subjectAltName=DNS:localhost");
      const soon = await found("soon", "soon", "between");
      expect(soon).toMatchObject({ state: "attention", advice: "Renew it." });
      expect(soon?.found).toMatch(/ends on \d{4}-/);
    },
    slow,
  );
});
