/** What the documents say about files, commands, settings and units is so. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { settings } from "@parlance/server";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const documents = [
  "README.md",
  "CONTRIBUTING.md",
  ...globSync("{docs,packages}/**/*.md", {
    cwd: root,
    exclude: (path) => path.includes("node_modules"),
  }),
];

interface Manifest {
  readonly name: string;
  readonly license: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

test("every link of a document leads to a file", () => {
  const dead = documents.flatMap((document) =>
    [...read(document).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
      const [path = ""] = target.split("#");
      if (/^[a-z]+:/.test(target) || path === "") return [];
      return existsSync(join(root, dirname(document), path)) ? [] : [`${document}: ${target}`];
    }),
  );
  expect(documents.length).toBeGreaterThan(30);
  expect(dead).toEqual([]);
});

describe("names in the documents", () => {
  const texts = documents.map((document) => [document, read(document)] as const);

  test("[MMB-25] [SC-13] every setting that a document names is one", () => {
    const known = new Set(settings.map(({ environment }) => environment));
    // Of the tests, and of back ends.
    for (const name of [
      "SAMPLE_DATA",
      "FORBID_SKIPS",
      "SECOND_LOOK",
      "FUZZ_RUNS",
      "URL",
      "API_KEY",
    ]) {
      known.add(`PARLANCE_${name}`);
    }
    const unknown = texts.flatMap(([document, text]) =>
      [...text.matchAll(/\bPARLANCE_[A-Z][A-Z0-9_]*[A-Z0-9]\b/g)].flatMap(([name]) =>
        known.has(name) ? [] : [`${document}: ${name}`],
      ),
    );
    expect(known.size).toBeGreaterThan(40);
    expect(unknown).toEqual([]);
  });

  test("[PE-19] every command that a document tells to type is one", () => {
    // That one is checked against the commands themselves.
    const listed = read("docs/operations/command-line.md").matchAll(/^## parlance (\w+)$/gm);
    const known = new Set([...listed].map(([, name]) => name));
    expect(known.size).toBeGreaterThan(20);
    const told = texts
      // What is not there yet is named as such in the table of the systems.
      .filter(([document]) => document !== "docs/systems.md")
      .flatMap(([document, text]) =>
        [...text.matchAll(/(?:`|npx |bin\/)parlance(?:\.js)? ([a-z]+)/g)].map(
          ([, command = ""]) => [document, command] as const,
        ),
      );
    expect(told.length).toBeGreaterThan(10);
    expect(told.filter(([, command]) => !known.has(command))).toEqual([]);
  });
});

test("[MMB-25] [PE-19] [SC-13] troubleshooting has each thing to look at, how, and what to do", () => {
  const list = read("docs/operations/troubleshooting.md");
  for (const topic of [
    "`parlance health`",
    "port",
    "firewall",
    "address",
    "Upgrade",
    "Origin",
    "`token_expired`",
    "PARLANCE_SECRET",
    "PARLANCE_MAX_CONNECTIONS",
    "PARLANCE_COMPRESSION",
    "`--verbose`",
    "PARLANCE_HOST",
    "## Messages come late, or not at all, across servers",
    "All nodes have to name the same broker",
    "## The broker",
    "Redis",
    "RabbitMQ",
    "## The database",
    "`parlance migrate --status`",
    "## Logs, and debug mode",
  ]) {
    expect(list).toContain(topic);
  }
  // Every table leads from what one sees, to how to look, to what to do, with no cell left empty.
  const rows = list.split("\n").filter((line) => line.startsWith("|"));
  expect(rows.length).toBeGreaterThan(30);
  for (const row of rows) {
    const cells = row.split(/(?<!\\)\|/).slice(1, -1);
    expect([row, cells.length, cells.every((cell) => cell.trim() !== "")]).toEqual([row, 3, true]);
  }
});

describe("the documented install", () => {
  const manifest = JSON.parse(read("package.json")) as Manifest;
  const lock = JSON.parse(read("package-lock.json")) as {
    readonly lockfileVersion: number;
    readonly packages: Readonly<Record<string, Partial<Manifest>>>;
  };

  test("[CL-14] is npm ci and npm start, by one manifest whose lock agrees with it", () => {
    expect(read("README.md")).toContain("npm ci && npm start");
    expect(manifest.scripts["start"]).toContain("parlance.js start");
    expect(lock.packages[""]?.devDependencies).toEqual(manifest.devDependencies);
    for (const path of globSync("packages/*/package.json", { cwd: root })) {
      const { name } = JSON.parse(read(path)) as Manifest;
      expect(lock.packages[dirname(path)]?.name ?? name).toBe(name);
      expect(Object.keys(lock.packages)).toContain(dirname(path));
    }
    // The layout: each package says in its own words what it is.
    const packages = globSync("packages/*/", { cwd: root });
    expect(packages.filter((path) => !existsSync(join(root, path, "README.md")))).toEqual([]);
    for (const path of packages) {
      expect(read("docs/architecture.md")).toContain(path.replace(/^packages\/|\/$/g, ""));
    }
  });

  test("[MMB-07] [SC-12] has a unit that comes back by itself, and a proxy that passes upgrades on", () => {
    const unit = read("deploy/systemd/parlance.service");
    expect(read("docs/operations/install.md")).toContain("deploy/systemd/parlance.service");
    const value = (name: string): string | undefined =>
      new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1];
    expect([value("User"), value("Restart"), value("RestartSec")]).toEqual([
      "parlance",
      "always",
      "3",
    ]);
    expect(value("WorkingDirectory")).toBe("/var/lib/parlance");
    const [, program = "", command] = (value("ExecStart") ?? "").split(" ");
    expect(command).toBe("start");
    expect(existsSync(join(root, program.replace("/opt/parlance/", "")))).toBe(true);
    // What it passes on is shown by test/deploy, with the program.
    expect(read("docs/operations/proxies.md")).toContain("deploy/nginx/parlance.conf");
  });

  test("[SC-15] is under the MIT licence, and says how to help and where to ask", () => {
    expect(read("LICENSE")).toMatch(/^MIT License/);
    for (const path of ["package.json", ...globSync("packages/*/package.json", { cwd: root })]) {
      expect([path, (JSON.parse(read(path)) as Manifest).license]).toEqual([path, "MIT"]);
    }
    expect(read("README.md")).toContain("(CONTRIBUTING.md)");
    expect(read("CONTRIBUTING.md")).toMatch(/discussions/);
  });
});
