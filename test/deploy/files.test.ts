/** The operations files by themselves: the image, Compose, the units, and what the proxies' files must say. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { settings } from "@parlance/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { programPaths, requires } from "../requirements.ts";
import { deployFolder } from "./proxy-program.ts";

const root = resolve(deployFolder, "..");
const read = (file: string): string => readFileSync(join(deployFolder, file), "utf8");
const weekS = 7 * 24 * 60 * 60;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parlance-deploy-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("every setting that an operations file names is one", () => {
  const known = new Set(settings.map(({ environment }) => environment));
  const files = globSync("**/*", { cwd: deployFolder, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== ".env" && !entry.name.endsWith(".pem"))
    .map((entry) => join(entry.parentPath, entry.name));
  const unknown = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/\bPARLANCE_[A-Z0-9_]*[A-Z0-9]\b/g)]
      .map(([name]) => name)
      .filter((name) => !known.has(name))
      .map((name) => `${file}: ${name}`),
  );
  expect(files.length).toBeGreaterThan(7);
  expect(unknown).toEqual([]);
});

describe("the proxies' files", () => {
  test("[MMB-23] keep quiet sockets for seven days", () => {
    const [everywhere = "", rest = ""] = read("nginx/parlance.conf").split("location / {");
    const timesIn = (text: string): unknown[] =>
      [...text.matchAll(/proxy_(?:read|send)_timeout (\w+);/g)].map(([, time]) => time);
    expect(timesIn(everywhere)).toEqual(["7d", "7d"]);
    expect(timesIn(rest)).toEqual(["60s", "60s"]);
    const haproxy = read("haproxy/haproxy.cfg");
    expect(haproxy).toMatch(/^ +timeout tunnel 7d$/m);
    expect(haproxy).toMatch(/set-timeout server 7d if \{ path \/events \}/);
    const members = read("apache/parlance.conf").match(/BalancerMember .* upgrade=websocket .*/g);
    expect(members).toHaveLength(3);
    for (const member of members ?? []) expect(member).toContain(` timeout=${weekS} `);
  });

  test("[MMB-23] set the headers of the client's address and never append to what a client sent", () => {
    const nginx = read("nginx/parlance.conf");
    for (const header of ["X-Real-IP", "X-Forwarded-For"]) {
      expect(nginx).toMatch(new RegExp(`proxy_set_header ${header} \\$remote_addr;`));
      expect(read("apache/parlance.conf")).toContain(
        `RequestHeader set ${header} "expr=%{REMOTE_ADDR}"`,
      );
      expect(read("haproxy/haproxy.cfg")).toContain(`set-header ${header} %[src]`);
    }
    expect(nginx).not.toContain("proxy_add_x_forwarded_for");
    expect(read("apache/parlance.conf")).toMatch(/^ +ProxyAddHeaders Off$/m);
    expect(read("haproxy/haproxy.cfg")).not.toMatch(/option +forwardfor|add-header/);
  });

  test("write no query into their logs, which may have a ticket in it", () => {
    expect(/log_format[^;]*;/.exec(read("nginx/parlance.conf"))?.[0]).not.toMatch(
      /\$request\b|\$request_uri|\$args|\$query/,
    );
    expect(/LogFormat.*/.exec(read("apache/parlance.conf"))?.[0]).not.toMatch(/%r|%q|Referer/);
    expect(/log-format.*/.exec(read("haproxy/haproxy.cfg"))?.[0]).not.toMatch(/%r|%HU|%HQ|%\{\+Q/);
  });
});

describe("the systemd units", () => {
  const units = ["parlance.service", "parlance@.service"] as const;

  requires("systemd-analyze")(
    "[MMB-07] [SC-12] are what systemd takes, and well closed off",
    () => {
      for (const unit of units) {
        // An instance of the second, and the program where it is here.
        const file = join(folder, unit.replace("@", "@8081"));
        writeFileSync(file, read(`systemd/${unit}`).replaceAll("/opt/parlance/", `${root}/`));
        const analyze = (...args: readonly string[]): string => {
          const { status, stdout, stderr } = spawnSync(programPaths["systemd-analyze"], args, {
            encoding: "utf8",
            env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
          });
          return `${status}: ${status === 0 ? "" : stdout}${stderr}`;
        };
        expect(analyze("verify", "--man=no", file)).toBe("0: ");
        // Tenths of its measure of exposure: 96 without any of the lines that close it off.
        expect(analyze("security", "--offline=true", "--threshold=20", file)).toBe("0: ");
      }
    },
  );

  requires("systemd-analyze")(
    "[PE-02] the timer asks each minute whether the server answers, and has it restarted if not",
    () => {
      // What the timer starts, and what that is about.
      for (const unit of ["parlance.service", "parlance-health.service", "parlance-health.timer"]) {
        const text = read(`systemd/${unit}`).replaceAll("/opt/parlance/", `${root}/`);
        writeFileSync(join(folder, unit), text);
      }
      const { status, stderr } = spawnSync(
        programPaths["systemd-analyze"],
        [
          "verify",
          "--man=no",
          join(folder, "parlance-health.timer"),
          join(folder, "parlance-health.service"),
        ],
        { encoding: "utf8", env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` } },
      );
      expect([status, stderr]).toEqual([0, ""]);
    },
  );

  test("[PE-02] what the timer and the cron line run, restarts what is dead and leaves alone what was stopped", () => {
    const service = read("systemd/parlance-health.service");
    expect(service).toContain("health --live --wait 30");
    expect(service).toContain("is-active --quiet parlance.service");
    const line = read("cron/parlance")
      .split("\n")
      .find((each) => each.startsWith("* * * * *"));
    expect(line).toMatch(/health --live --wait 30 .* \|\| parlance restart --kill /);
  });

  test("[MMB-07] [SC-01] come back by themselves, give a stop its time, and differ in port and directory only", () => {
    const [one = "", several = ""] = units.map((unit) => read(`systemd/${unit}`));
    const value = (text: string, name: string): string | undefined =>
      new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1];
    const stopMs = Number(settings.find(({ name }) => name === "stop_timeout_ms")?.preset);
    for (const text of [one, several]) {
      expect([value(text, "Restart"), value(text, "RestartSec")]).toEqual(["always", "3"]);
      expect(Number(value(text, "TimeoutStopSec")) * 1_000).toBeGreaterThan(stopMs);
      const [, program = "", command] = (value(text, "ExecStart") ?? "").split(" ");
      expect(command).toBe("start");
      expect(existsSync(join(root, program.replace("/opt/parlance/", "")))).toBe(true);
    }
    expect(value(several, "ExecStart")).toContain("--port %i --data-dir /var/lib/parlance/%i");
    const settingLines = (text: string): string[] =>
      text
        .split("\n")
        .filter((line) => line.includes("=") && !/^(#|Exec|State|Working|Descr)/.test(line));
    expect(settingLines(several)).toEqual(settingLines(one));
  });
});

describe("Compose", () => {
  /** What Compose makes of the file, with these settings in `.env`. */
  function config(profiles: string, more = ""): { code: number | null; text: string } {
    const env = join(folder, ".env");
    writeFileSync(env, `COMPOSE_PROFILES=${profiles}\n${more}`);
    const args = ["--env-file", env, "-f", join(deployFolder, "compose.yaml"), "config"];
    const { status, stdout, stderr } = spawnSync(programPaths["docker-compose"], args, {
      encoding: "utf8",
      env: { PATH: process.env["PATH"] },
    });
    return { code: status, text: `${stdout}${stderr}` };
  }

  requires("docker-compose")(
    "takes the file with every engine, and does not start without secret and address",
    () => {
      const set = "PARLANCE_SECRET=x\nPARLANCE_PUBLIC_URL=https://chat.example\n";
      const whole = config("one", set);
      expect(whole).toMatchObject({ code: 0 });
      for (const engine of ["postgres", "mariadb", "redis", "rabbitmq", "nats"]) {
        expect(whole.text).toMatch(new RegExp(`^  ${engine}:$`, "m"));
      }
      expect(whole.text.match(/network_mode: service:nginx/g)).toHaveLength(3);
      expect(config("one")).toMatchObject({
        code: 1,
        text: expect.stringContaining("PARLANCE_SECRET"),
      });
    },
  );

  test("has in its example every variable that it asks for", () => {
    const asked = [...read("compose.yaml").matchAll(/\$\{([A-Z_]+)/g)].map(([, name = ""]) => name);
    const offered = [...read("env.example").matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(new Set(asked)).toEqual(new Set(offered.filter((name) => name !== "COMPOSE_PROFILES")));
  });
});

describe("the image", () => {
  interface Step {
    readonly word: string;
    readonly rest: string;
  }
  const steps: readonly Step[] = read("Dockerfile")
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, word = "", rest = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
      return { word, rest };
    });
  const last = steps.slice(steps.findLastIndex(({ word }) => word === "FROM"));
  const of = (word: string): string[] =>
    last.filter((step) => step.word === word).map(({ rest }) => rest);

  test("[PE-03] has known steps only, runs without rights, is asked for its health, and keeps its data outside", () => {
    const words = ["FROM", "LABEL", "RUN", "COPY", "ENV", "USER", "WORKDIR", "VOLUME", "EXPOSE"];
    const known = new Set([...words, "HEALTHCHECK", "STOPSIGNAL", "CMD"]);
    expect(steps.filter(({ word }) => !known.has(word))).toEqual([]);
    expect(of("FROM")).toEqual(["node:24-bookworm-slim"]);
    expect(of("USER")).toEqual(["parlance"]);
    expect(of("HEALTHCHECK")).toEqual([expect.stringMatching(/ CMD \["parlance", "health"\]$/)]);
    expect(of("CMD")).toEqual(['["parlance", "start"]']);
    expect(of("VOLUME")).toEqual(['["/var/lib/parlance"]']);
    // Stages that are copied from are there, above.
    const stages = steps.flatMap(({ rest }) => / AS (\w+)$/.exec(rest)?.[1] ?? []);
    const from = steps.flatMap(({ rest }) => /--from=(\w+)/.exec(rest)?.[1] ?? []);
    expect(from.filter((stage) => !stages.includes(stage))).toEqual([]);
    expect(from).toEqual(["built"]);
    // Without the tools, and from a bundle that holds in another layer too.
    const building = steps.find(({ rest }) => rest.includes("npm ci"))?.rest;
    expect(building).toMatch(/npm prune --omit=dev .* node scripts\/build-server\.ts --seal$/);
  });

  test("gets from the repository what it is made of, and neither data nor secrets nor tests", () => {
    // The same patterns, as git reads them; there `*` of the first line would also hide what is in folders.
    const patterns = readFileSync(join(root, ".dockerignore"), "utf8");
    execFileSync("git", ["init", "-q", folder]);
    writeFileSync(join(folder, ".gitignore"), patterns.replace(/^\*$/m, "/*"));
    const paths = {
      taken: [
        "package.json",
        "package-lock.json",
        "tsconfig.base.json",
        "packages/cli/bin/parlance.js",
        "packages/web/vite.config.ts",
        "scripts/build-web.ts",
      ],
      left: [
        ".env",
        "deploy/.env",
        "data/secret",
        "node_modules/ws/index.js",
        "packages/web/dist/index.html",
        "packages/server/src/start.test.ts",
        "test/requirements.ts",
        ".git/config",
      ],
    };
    for (const path of paths.taken) expect(existsSync(join(root, path))).toBe(true);
    for (const path of [...paths.taken, ...paths.left]) {
      if (path.startsWith(".git/")) continue;
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), "");
    }
    const args = ["-C", folder, "ls-files", "--others", "--exclude-standard"];
    const taken = execFileSync("git", args, { encoding: "utf8" }).trim().split("\n");
    expect(taken.sort()).toEqual([...paths.taken].sort());
  });
});
