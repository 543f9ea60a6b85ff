/**
 * The proxies that we ship a configuration for, as the real programs: started with the shipped file, in which nothing
 * is replaced but addresses, ports and paths, and run by a user without rights where the tests run as root.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@parlance/testkit/server-process";
import { programPaths } from "../requirements.ts";

export const proxyNames = ["nginx", "apache", "haproxy"] as const;
export type ProxyName = (typeof proxyNames)[number];

/** The name that the certificate is for, as in the shipped files. */
export const hostName = "chat.example";
export const deployFolder: string = join(import.meta.dirname, "../../deploy");

const presetPorts = [8080, 8081, 8082] as const;
const startTimeoutMs = 10_000;
const nobody = 65_534;
const identity = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};

export interface Certificate {
  readonly chain: string;
  readonly key: string;
}

/** A certificate that signs itself. */
export function makeCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "parlance-certificate-"));
  const [chain, key] = [join(folder, "chain.pem"), join(folder, "key.pem")];
  const subject = ["-subj", `/CN=${hostName}`, "-addext", `subjectAltName=DNS:${hostName}`];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"];
  const files = ["-out", chain, "-keyout", key, "-days", "2"];
  execFileSync(programPaths.openssl, ["req", ...kind, ...subject, ...files], { stdio: "pipe" });
  const made = { chain: readFileSync(chain, "utf8"), key: readFileSync(key, "utf8") };
  rmSync(folder, { recursive: true });
  return made;
}

/** What a check of a configuration said. */
export interface Verdict {
  readonly code: number | null;
  readonly output: string;
}

export class ProxyProgram {
  readonly name: ProxyName;
  /** Of TLS. */
  readonly port: number;
  readonly plainPort: number;
  readonly certificate: Certificate;
  readonly folder: string;
  #child: ChildProcess | undefined;

  private constructor(
    name: ProxyName,
    ports: readonly [number, number],
    certificate: Certificate,
    nodes: readonly number[],
  ) {
    this.name = name;
    [this.port, this.plainPort] = ports;
    this.certificate = certificate;
    this.folder = mkdtempSync(join(tmpdir(), `parlance-${name}-`));
    const { chain, key } = certificate;
    this.#write("chain.pem", chain);
    this.#write("key.pem", key);
    this.#write("both.pem", `${chain}${key}`);
    writes[name](this, (file, text) => this.#write(file, text), nodes);
    if (identity.uid !== undefined) chownSync(this.folder, identity.uid, identity.gid);
    chmodSync(this.folder, 0o700);
  }

  /** Writes its files; nothing runs yet. @param nodes Ports of this machine. */
  static async make(
    name: ProxyName,
    certificate: Certificate,
    nodes: readonly number[],
  ): Promise<ProxyProgram> {
    return new ProxyProgram(name, [await freePort(), await freePort()], certificate, nodes);
  }

  get origin(): string {
    return `https://${hostName}:${this.port}`;
  }

  #write(file: string, text: string): void {
    const path = join(this.folder, file);
    writeFileSync(path, text, { mode: 0o600 });
    if (identity.uid !== undefined) chownSync(path, identity.uid, identity.gid);
  }

  /** The program's own check of the configuration. */
  check(): Verdict {
    const { status, stdout, stderr } = spawnSync(
      programPaths[this.name],
      argumentsOf[this.name](this.folder, true),
      { encoding: "utf8", ...identity },
    );
    return { code: status, output: `${stdout}${stderr}` };
  }

  /** Starts it and waits until it takes connections. @throws Error with what it said. */
  async start(): Promise<void> {
    const child = spawn(programPaths[this.name], argumentsOf[this.name](this.folder, false), {
      stdio: ["ignore", "pipe", "pipe"],
      ...identity,
    });
    this.#child = child;
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const end = Date.now() + startTimeoutMs;
    while (!(await isOpen(this.port))) {
      if (child.exitCode !== null || Date.now() > end) throw new Error(`${this.name}: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends it with all that is open, and removes its folder. */
  async remove(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, "exit");
      // Of each the one that does not wait for open connections.
      child.kill("SIGTERM");
      await gone;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

const argumentsOf: Readonly<
  Record<ProxyName, (folder: string, isCheck: boolean) => readonly string[]>
> = {
  nginx: (folder, isCheck) => [
    ...(isCheck ? ["-t"] : []),
    ...["-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")],
  ],
  apache: (folder, isCheck) => [
    ...(isCheck ? ["-t"] : ["-DFOREGROUND"]),
    ...["-f", join(folder, "httpd.conf")],
  ],
  haproxy: (folder, isCheck) => [...(isCheck ? ["-c"] : []), "-f", join(folder, "haproxy.cfg")],
};

type Write = (file: string, text: string) => void;

/** The shipped file with each of these replaced wherever it stands. @throws Error where it stands nowhere. */
export function filled(file: string, places: readonly (readonly [string, string])[]): string {
  let text = readFileSync(join(deployFolder, file), "utf8");
  for (const [shipped, ours] of places) {
    if (!text.includes(shipped)) throw new Error(`${file} has no ${shipped}`);
    text = text.replaceAll(shipped, ours);
  }
  return text;
}

function nodePlaces(nodes: readonly number[]): (readonly [string, string])[] {
  return presetPorts.map((port, index) => [`127.0.0.1:${port}`, `127.0.0.1:${nodes[index]}`]);
}

/** What an operator fills in, and around it the least that each program wants. */
const writes: Readonly<
  Record<ProxyName, (program: ProxyProgram, write: Write, nodes: readonly number[]) => void>
> = {
  nginx({ folder, port, plainPort }, write, nodes) {
    write(
      "parlance.conf",
      filled("nginx/parlance.conf", [
        ...nodePlaces(nodes),
        ["listen [::]:80;", ""],
        ["listen [::]:443 ssl http2;", ""],
        ["listen 80;", `listen 127.0.0.1:${plainPort};`],
        ["listen 443 ssl", `listen 127.0.0.1:${port} ssl`],
        ["/etc/ssl/chat.example/fullchain.pem", join(folder, "chain.pem")],
        ["/etc/ssl/chat.example/privkey.pem", join(folder, "key.pem")],
        ["/var/log/nginx/", `${folder}/`],
      ]),
    );
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    write(
      "nginx.conf",
      `daemon off; worker_processes 2; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 1024; }
http { access_log off; ${paths.join(" ")} include ${folder}/parlance.conf; }\n`,
    );
  },
  apache({ folder, port, plainPort }, write, nodes) {
    const shipped = filled("apache/parlance.conf", [
      ...nodePlaces(nodes),
      ["/etc/ssl/chat.example/fullchain.pem", join(folder, "chain.pem")],
      ["/etc/ssl/chat.example/privkey.pem", join(folder, "key.pem")],
      ["<VirtualHost *:80>", `<VirtualHost *:${plainPort}>`],
      ["<VirtualHost *:443>", `<VirtualHost *:${port}>`],
    ]);
    write("parlance.conf", shipped);
    // The modules that the file tells to enable, and those that Debian has enabled before.
    const told = /a2enmod ([^&]+)&&/.exec(shipped)?.[1]?.match(/[a-z_0-9]+/g) ?? [];
    const modules = ["mpm_event", "authz_core", "alias", "reqtimeout", ...told];
    write(
      "httpd.conf",
      `${modules.map((name) => `Include /etc/apache2/mods-available/${name}.load`).join("\n")}
Define APACHE_RUN_DIR ${folder}
Define APACHE_LOG_DIR ${folder}
DefaultRuntimeDir ${folder}
PidFile ${folder}/apache.pid
Mutex file:${folder}
ErrorLog ${folder}/error.log
ServerName ${hostName}
Listen 127.0.0.1:${plainPort}
Listen 127.0.0.1:${port} https
Include /etc/apache2/mods-available/reqtimeout.conf
Include ${folder}/parlance.conf\n`,
    );
  },
  haproxy({ folder, port, plainPort }, write, nodes) {
    write(
      "haproxy.cfg",
      filled("haproxy/haproxy.cfg", [
        ...nodePlaces(nodes),
        ["bind :::80 v4v6", `bind 127.0.0.1:${plainPort}`],
        ["bind :::443 v4v6", `bind 127.0.0.1:${port}`],
        ["/etc/haproxy/chat.example.pem", join(folder, "both.pem")],
        // Who it becomes after it started as root.
        ["    user haproxy\n    group haproxy\n    chroot /var/lib/haproxy\n", ""],
        ["/run/haproxy/admin.sock", join(folder, "admin.sock")],
      ]),
    );
  },
};
