import { type ChildProcess, spawn } from "node:child_process";
import { afterEach, expect, test } from "vitest";
import type { ToWorker } from "./worker-messages.ts";
import { Workers } from "./workers.ts";

/** A worker that says it is ready and alive, ends when it is told to, and does what `extra` says besides. */
function child(extra = ""): ChildProcess {
  const program = `
    process.on("message", (message) => {
      if (message.type === "drain") process.exit(0);
      if (message.type === "ask") process.send({ type: "alive" });
      if (message.type === "start") { ${extra} process.send({ type: "ready", url: "", publicUrl: "", endpoints: [] }); }
    });`;
  return spawn(process.execPath, ["-e", program], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
}

type Line = Readonly<Record<string, unknown>>;
const lines: Line[] = [];
const started: Workers[] = [];

function crew(
  count: number,
  spawnOne: (number: number) => ChildProcess,
  questions?: { readonly everyMs: number; readonly most: number },
): Workers {
  const workers = new Workers({
    count,
    ...(questions && { questions }),
    spawn: spawnOne,
    firstWords: () => ({ type: "start" }) as ToWorker,
    report: (level, event, fields) => void lines.push({ level, event, ...fields }),
  });
  started.push(workers);
  return workers;
}

const told = (event: string): Line[] => lines.filter((line) => line["event"] === event);

afterEach(async () => {
  for (const workers of started.splice(0)) await workers.kill();
  lines.length = 0;
});

test("one that is killed is replaced; the others stay", async () => {
  const children = new Map<number, ChildProcess[]>();
  const workers = crew(2, (number) => {
    const made = child();
    children.set(number, [...(children.get(number) ?? []), made]);
    return made;
  });
  await workers.start();
  expect(workers.running).toBe(2);
  children.get(1)?.[0]?.kill("SIGKILL");
  await expect.poll(() => children.get(1)?.length, { timeout: 10_000 }).toBe(2);
  await expect.poll(() => workers.running, { timeout: 10_000 }).toBe(2);
  expect(children.get(2)?.length).toBe(1);
  expect(told("worker_ended")).toMatchObject([
    { level: "error", worker: 1, signal: "SIGKILL", restart_ms: 100 },
  ]);
});

test("[I-24] one whose event loop stands still is ended and replaced; one that only works hard is not", async () => {
  const children = new Map<number, ChildProcess[]>();
  const block = (ms: number): string =>
    `setTimeout(() => { const end = Date.now() + ${ms}; while (Date.now() < end); }, 300);`;
  const workers = crew(
    2,
    (number) => {
      const made = children.get(number) ?? [];
      const isFirst = made.length === 0;
      const one = child(isFirst ? block(number === 1 ? 600_000 : 1_000) : "");
      children.set(number, [...made, one]);
      return one;
    },
    { everyMs: 400, most: 10 },
  );
  await workers.start();
  const pid = children.get(1)?.[0]?.pid;
  await expect.poll(() => told("worker_hung"), { timeout: 30_000 }).toHaveLength(1);
  expect(told("worker_hung")).toMatchObject([{ level: "error", worker: 1, pid, silent_ms: 4_000 }]);
  await expect.poll(() => children.get(1)?.length, { timeout: 30_000 }).toBe(2);
  await expect.poll(() => workers.running, { timeout: 30_000 }).toBe(2);
  expect(told("worker_ended")).toMatchObject([{ worker: 1, signal: "SIGKILL", restart_ms: 100 }]);
  expect([children.get(1)?.length, children.get(2)?.length]).toEqual([2, 1]);
}, 90_000);

test("one that ends again and again is waited for longer and longer", async () => {
  let starts = 0;
  const workers = crew(1, () => {
    starts += 1;
    return child(starts === 1 ? "setTimeout(() => process.exit(3), 50);" : "process.exit(4);");
  });
  await workers.start();
  await expect.poll(() => told("worker_ended").length, { timeout: 20_000 }).toBeGreaterThan(3);
  expect(told("worker_ended").map((line) => [line["code"], line["restart_ms"]])).toEqual(
    [
      [3, 100],
      [4, 200],
      [4, 400],
      [4, 800],
    ].slice(0, told("worker_ended").length),
  );
  expect(workers.running).toBe(0);
}, 40_000);

test("one that does not start at first ends the start, and the others with it", async () => {
  const children: ChildProcess[] = [];
  const workers = crew(2, (number) => {
    const made = number === 1 ? child() : child("process.exit(7);");
    children.push(made);
    return made;
  });
  await expect(workers.start()).rejects.toThrow("worker 2 ended: 7");
  expect(children.map(({ exitCode, signalCode }) => exitCode ?? signalCode)).toEqual([
    "SIGKILL",
    7,
  ]);
  expect(told("worker_ended")).toEqual([]);
});

test("[I-24] draining ends all, also one that is just starting, and starts none again", async () => {
  const children: ChildProcess[] = [];
  const workers = crew(2, () => {
    const made = child();
    children.push(made);
    return made;
  });
  await workers.start();
  children[0]?.kill("SIGKILL");
  await expect.poll(() => children.length, { timeout: 10_000 }).toBe(3);
  await workers.drain(0);
  expect(workers.running).toBe(0);
  expect(children.slice(1).map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(children.length).toBe(3);
});
