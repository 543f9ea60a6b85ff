/** Real keystrokes of one document through stock `y-websocket` providers, with the server killed in between. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { signToken } from "@parlance/identity";
import { Editor } from "@parlance/testkit/editor";
import { freePort, type ServerEnvironment, ServerProcess } from "@parlance/testkit/server-process";
import { expect } from "vitest";
import { requires, sampleDataPath } from "../requirements.ts";

const test = requires("sample data");
const timeoutMs = 280_000;
const secret = "a-secret-of-keystrokes-9f8e7d6c5b4a3b2c";
/** Typed without a pause, as no hand does. */
const atOnce = 50;
/** Typed while the server is away. */
const whileAway = 300;
const kills = 4;

/** Where, how much goes, what comes. */
type Patch = readonly [number, number, string];
interface Trace {
  readonly startContent: string;
  readonly endContent: string;
  readonly txns: readonly { readonly patches: readonly Patch[] }[];
}

function traceOf(name: string): Trace {
  const packed = readFileSync(join(sampleDataPath ?? "", `${name}.json.gz`));
  return JSON.parse(gunzipSync(packed).toString()) as Trace;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function replay(name: string, environment: ServerEnvironment): Promise<void> {
  const { startContent, endContent, txns } = traceOf(name);
  const directory = await mkdtemp(join(tmpdir(), "parlance-keystrokes-"));
  const server = new ServerProcess(await freePort(), directory, {
    PARLANCE_SECRET: secret,
    PARLANCE_DRAIN_MS: "0",
    ...environment,
  });
  await server.start();
  const editors: Editor[] = [];
  const token = await signToken(secret, { user: "ann", ttlSeconds: 3_600, now: Date.now() });
  const open = async (): Promise<Editor> => {
    const response = await fetch(`${server.url}/api/v1/tickets`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ room: "doc_trace" }),
    });
    const { ticket } = (await response.json()) as { ticket: string };
    const url = `${server.url.replace("http", "ws")}/yjs`;
    const editor = new Editor("3", url, "doc_trace", { ticket });
    editors.push(editor);
    return editor.synced();
  };
  try {
    const [writer, reader] = [await open(), await open()];
    const text = writer.doc.getText("t");
    if (startContent !== "") writer.type(startContent);
    const between = Math.floor(txns.length / (kills + 1));
    for (const [index, { patches }] of txns.entries()) {
      const round = index % between;
      const isLast = index >= between * (kills + 1);
      if (index > 0 && round === 0 && !isLast) await server.kill();
      writer.doc.transact(() => {
        for (const [at, gone, come] of patches) {
          if (gone > 0) text.delete(at, gone);
          if (come !== "") text.insert(at, come);
        }
      });
      if (index > between && round === whileAway && !isLast) await server.start();
      if (index % atOnce === 0) await turn();
    }
    expect(writer.text).toBe(endContent);
    await expect.poll(() => reader.text, { timeout: 120_000, interval: 200 }).toBe(endContent);
    // Nobody but the log has it now.
    for (const editor of editors.splice(0)) editor.destroy();
    await server.kill();
    await server.start();
    const fresh = await open();
    await fresh.reads(endContent);
  } finally {
    for (const editor of editors) editor.destroy();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

test(
  "[YJS-4] [I-1] [I-2] 18,335 changes of one file of code end in its text, through four kills",
  () => replay("sveltecomponent", { PARLANCE_COMMANDS_PER_SECOND: "0" }),
  timeoutMs,
);

test(
  "[YJS-4] [YJS-5] [I-1] [I-2] 26,078 changes of a text of two friends end in it, far above the rate and through four kills",
  () => replay("friendsforever_flat", {}),
  timeoutMs,
);
