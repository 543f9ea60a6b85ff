/** Every command: its help, wrong use of it, and its output in a terminal of 80 columns and for scripts. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { freePort } from "@parlance/testkit/server-process";
import { type Command, CommanderError } from "commander";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { commandLineMarkdown } from "./document.ts";
import { createProgram, everyCommand, pathOf } from "./program.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const program = fileURLToPath(new URL("../bin/parlance.js", import.meta.url));
const columns = 80;

const paths = everyCommand(createProgram()).map(pathOf);
/** Those that do something, not those that only group others. */
const leaves = everyCommand(createProgram()).filter(({ commands }) => commands.length === 0);

/** What commander says and how it ends, without a process. */
async function said(args: readonly string[]): Promise<{ text: string; code: number | undefined }> {
  let out = "";
  const tried = createProgram();
  const write = (more: string): void => {
    out += more;
  };
  for (const command of [tried, ...everyCommand(tried)]) {
    command.configureOutput({
      writeOut: write,
      writeErr: write,
      getOutHelpWidth: () => columns,
      getErrHelpWidth: () => columns,
    });
  }
  try {
    await tried.parseAsync(["node", "parlance", ...args]);
  } catch (error) {
    if (error instanceof CommanderError) return { text: out, code: error.exitCode };
    throw error;
  }
  return { text: out, code: undefined };
}

const widest = (shown: string): number =>
  Math.max(...shown.split(/\r?\n/).map((line) => plain(line).length));
/** Without what moves the cursor and changes colours. */
const plain = (line: string): string => line.replace(/\u001b\[[\d;]*[A-Za-z]/g, "");

test("docs/operations/command-line.md is what the commands say", () => {
  const file = new URL("../../../docs/operations/command-line.md", import.meta.url);
  expect(readFileSync(file, "utf8")).toBe(commandLineMarkdown());
});

describe("help", () => {
  for (const path of ["parlance", ...paths]) {
    test(`of ${path} tells the use, what it is for, and an example, in 80 columns`, async () => {
      const help = await said([...path.split(" ").slice(1), "--help"]);
      expect(help.code).toBe(0);
      expect(help.text).toMatch(/^Usage: parlance/);
      expect(widest(help.text)).toBeLessThanOrEqual(columns);
      if (path !== "parlance") expect(help.text).toMatch(/\nExamples?:\n {2}.*parlance /);
    });
  }

  test("names every command, and every option has its meaning", async () => {
    const help = await said(["--help"]);
    for (const path of paths) {
      const [, name = ""] = path.split(" ");
      expect(help.text).toMatch(new RegExp(`^ {2}${name}\\b`, "m"));
    }
    const bare = everyCommand(createProgram()).flatMap((command: Command) =>
      command.options
        .filter(({ description, hidden }) => description === "" && !hidden)
        .map(({ flags }) => `${pathOf(command)} ${flags}`),
    );
    expect(bare).toEqual(["parlance users add --email <address>"]);
  });

  test("every command that answers has --json", () => {
    const without = leaves
      .filter(({ options }) => !options.some(({ long }) => long === "--json"))
      .map(pathOf);
    expect(without).toEqual([]);
  });
});

describe("wrong use", () => {
  for (const path of leaves.map(pathOf)) {
    test(`of ${path} is a line of usage and exit code 2`, async () => {
      const wrong = await said([...path.split(" ").slice(1), "--no-such-option"]);
      // Which is 2 for whoever started the process.
      expect(wrong.code).toBe(1);
      expect(wrong.text).toMatch(/^error: /);
      expect(wrong.text).toContain(`\nUsage: ${path} `);
    });
  }
});

interface Done {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe("of a server with people and rooms", () => {
  let directory: string;
  let server: ChildProcess;
  let url: string;
  const environment = { PATH: process.env["PATH"], HOME: tmpdir() };

  const run = async (args: readonly string[], input = ""): Promise<Done> => {
    const child = spawn(process.execPath, [program, ...args], { cwd: directory, env: environment });
    child.stdin.end(input);
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    return { code, out, err };
  };

  /** In a terminal of 80 columns, as `script` gives one. */
  const inTerminal = async (args: readonly string[], more = {}): Promise<Done> => {
    const words = [process.execPath, program, ...args].map((word) => `'${word}'`).join(" ");
    const child = spawn("script", ["-qec", `stty cols ${columns}; ${words}`, "/dev/null"], {
      cwd: directory,
      env: { ...environment, TERM: "xterm", ...more },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    return { code, out, err };
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "commands-"));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    server = spawn(
      process.execPath,
      [program, "start", "--port", String(port), "--log-to", "file"],
      {
        cwd: directory,
        env: environment,
        stdio: "ignore",
      },
    );
    const refused = join(directory, "data/spool/refused");
    mkdirSync(refused, { recursive: true });
    const name = `${"17".repeat(40)}.json`;
    writeFileSync(join(refused, name), '{"room": "general"}');
    const reason = `There is neither a text nor data in it, ${"which is what a message consists of, ".repeat(4)}`;
    writeFileSync(join(refused, name.replace(".json", ".reason.txt")), reason);
    expect((await run(["health", "--wait", "60"])).code).toBe(0);
    await run(
      ["users", "add", "ada", "--name", "Ada, Countess of a very long name that goes on"],
      "a good password\n",
    );
    await run(["publish", "word ".repeat(60), "--room", `job:${"long-".repeat(20)}1`]);
    await run(["publish", "Hello \u001b[31mred\u001b[0m", "--room", "general"]);
    await run([
      "key",
      "create",
      "--scope",
      "publish,read,rooms",
      "--name",
      "a-key-with-a-long-name-of-its-own",
    ]);
  });
  afterAll(async () => {
    server.kill("SIGKILL");
    await rm(directory, { recursive: true, force: true });
  });

  const reads = [
    ["status"],
    ["health"],
    ["logs", "-n", "20"],
    ["connections"],
    ["rooms"],
    ["rooms", "job:*"],
    ["rooms", "show", "general"],
    ["tail", "general"],
    ["users", "list"],
    ["key", "list"],
    ["spool"],
    ["spool", "list"],
    ["spool", "refused"],
    ["doctor"],
    ["migrate", "--status"],
    ["move", "--status"],
  ] as const;

  test.runIf(existsSync("/usr/bin/script"))(
    "nothing is wider than a terminal of 80 columns, and nothing people wrote commands it",
    async () => {
      // Somebody is connected meanwhile, with an id of this length.
      const token = (
        await run(["token", "--user", "a-user-whose-id-is-rather-long-0123456789"])
      ).out.trim();
      const socket = new WebSocket(`${url.replace("http", "ws")}/ws`);
      await new Promise((resolve) => socket.addEventListener("open", resolve));
      socket.send(JSON.stringify({ type: "sign_in", id: 1, token }));
      await new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
      for (const args of reads) {
        const { out } = await inTerminal(args);
        expect([args, out.length > 0]).toEqual([args, true]);
        expect([args, widest(out), out]).toEqual([
          args,
          expect.toSatisfy((width: number) => width <= columns),
          out,
        ]);
        expect(out).not.toContain("\u001b[31mred");
      }
      const listed = await inTerminal(["connections"]);
      // Broken into lines, and whole.
      expect(listed.out.replace(/\s+/g, "")).toContain("USER");
      const whole = await run(["connections"]);
      expect(whole.out).toContain("a-user-whose-id-is-rather-long-0123456789");
      socket.close();
      const coloured = await inTerminal(["doctor"]);
      expect(coloured.out).toContain("\u001b[3");
      expect((await inTerminal(["doctor"], { NO_COLOR: "1" })).out).not.toContain("\u001b[3");
    },
  );

  test("for scripts there is JSON alone on standard output", async () => {
    for (const args of reads) {
      const { out, code } = await run([...args, "--json"]);
      const isLines = args[0] === "logs" || args[0] === "tail";
      const values = isLines ? out.trimEnd().split("\n") : [out];
      expect([args, code, values.map((value) => typeof JSON.parse(value))]).toEqual([
        args,
        0,
        values.map(() => "object"),
      ]);
    }
  });

  test("wrong use of a process ends with 2, and with a line of usage", async () => {
    for (const args of [
      ["no-such-command"],
      ["rooms", "--limit", "many"],
      ["kick", "general"],
      ["tail"],
      ["spool", "clear", "--older", "soon"],
      ["key", "create", "--scope", "everything"],
      ["logs", "-n", "-1"],
    ]) {
      const { code, out, err } = await run(args);
      expect([args, code, out]).toEqual([args, 2, ""]);
      expect(err).toMatch(/\nUsage: parlance/);
    }
  });

  test("a server that is not there is one line, and exit code 1", async () => {
    const nowhere = ["--data-dir", join(directory, "nowhere")];
    for (const args of [
      ["connections"],
      ["rooms"],
      ["tail", "general"],
      ["kick", "a", "b"],
      ["status"],
    ]) {
      const { code, out, err } = await run([...args, ...nowhere]);
      expect([args, code, out]).toEqual([args, 1, ""]);
      expect(err).toMatch(/^No server answers at .*\n$/);
    }
  });
});
