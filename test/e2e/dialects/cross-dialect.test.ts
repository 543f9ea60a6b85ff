/** One room, a writer and a reader for each dialect: all read the same, in one order, through cuts and a kill. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateToken } from "@parlance/publisher";
import { freePort, ServerProcess } from "@parlance/testkit/server-process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cast } from "./cast.ts";
import { type Frame, until } from "./line.ts";
import { oneRoom, room, type Speaker, secret, wholeText } from "./speaker.ts";

let directory: string;
let server: ServerProcess;
let readers: readonly Speaker[];
let writers: readonly Speaker[];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "parlance-dialects-"));
  server = new ServerProcess(await freePort(), directory, oneRoom);
  await server.start();
  readers = cast(server, "reader");
  writers = cast(server, "writer");
}, 60_000);
afterAll(async () => {
  for (const speaker of [...(readers ?? []), ...(writers ?? [])]) speaker.cut();
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const said: string[] = [];

/** All writers at once, each its own texts one after another. */
async function everybodyWrites(round: string, times: number): Promise<void> {
  await Promise.all(
    writers.map(async (writer) => {
      for (let index = 1; index <= times; index += 1) {
        const text = `${round} ${index} of ${writer.dialect}`;
        said.push(text);
        await writer.say(text);
      }
    }),
  );
}

async function openAll(speakers: readonly Speaker[]): Promise<void> {
  await Promise.all(speakers.map((speaker) => speaker.open()));
}

function cutAll(speakers: readonly Speaker[]): void {
  for (const speaker of speakers) speaker.cut();
}

/** What a reader shows who drops what it has shown before. */
function shownBy({ heard, mayRepeat }: Speaker): readonly string[] {
  return mayRepeat ? [...new Set(heard)] : heard;
}

/** Every reader has read what the log has, in its order. */
async function allHaveRead(): Promise<void> {
  const texts = await log();
  expect([...texts].sort()).toEqual([...said].sort());
  for (const speaker of [...readers, ...writers]) {
    await until(
      () => new Set(speaker.heard).size >= texts.length,
      `${speaker.dialect} to read ${texts.length}, it has ${new Set(speaker.heard).size}`,
    );
    expect(shownBy(speaker), speaker.dialect).toEqual(texts);
  }
}

/** The room's texts, as REST tells them. */
async function log(): Promise<string[]> {
  const headers = { authorization: `Bearer ${generateToken("auditor", 60, { secret })}` };
  const texts: string[] = [];
  for (let after = 0; ; ) {
    const url = `${server.url}/api/v1/rooms/${room}/messages?after=${after}&limit=200`;
    const answer = await fetch(url, { headers });
    const { events } = (await answer.json()) as { events: Frame[] };
    if (events.length === 0) return texts;
    for (const { sequence, type, data } of events) {
      after = Number(sequence);
      const text = wholeText(type, data);
      if (text !== undefined) texts.push(text);
    }
  }
}

test("[I-28] every reader sees the same messages in the same order", async () => {
  await openAll(readers);
  await openAll(writers);
  await everybodyWrites("first", 5);
  await allHaveRead();
}, 120_000);

test("[I-28] also after all lines were cut, with what was written meanwhile, each in its dialect's own way", async () => {
  cutAll(readers);
  await everybodyWrites("while the readers are away", 3);
  cutAll(writers);
  await openAll(readers);
  await openAll(writers);
  await everybodyWrites("all are back", 3);
  await allHaveRead();
}, 120_000);

test("[I-28] [OPEN-5] a message that grew is there once, whole, at the place of its closing, for those who were away too", async () => {
  const headers = {
    authorization: `Bearer ${generateToken("grower", 600, { secret })}`,
    "content-type": "application/json",
  };
  const post = async (path: string, body: object): Promise<Frame> => {
    const url = `${server.url}/api/v1/rooms/${room}/messages${path}`;
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as Frame;
  };
  const grow = async (text: string): Promise<() => Promise<void>> => {
    const { message_id: id } = await post("", { text: text.slice(0, 4), open: true });
    await post(`/${String(id)}/append`, { at: 4, text: text.slice(4) });
    said.push(text);
    return async () => void (await post(`/${String(id)}/close`, { length: text.length }));
  };
  const closeLive = await grow('live 漢字 👩‍🚀 <b>&\u0001\n"quoted"');
  await everybodyWrites("while it grows", 2);
  await closeLive();
  await allHaveRead();
  const closeMissed = await grow("missed 👋");
  cutAll(readers);
  await everybodyWrites("before it is closed", 1);
  await closeMissed();
  await everybodyWrites("after it was closed", 1);
  await openAll(readers);
  await allHaveRead();
}, 120_000);

test("[I-28] also after kill -9 and a restart, where all come back at once", async () => {
  await server.kill();
  cutAll([...readers, ...writers]);
  await server.start();
  await openAll([...readers, ...writers]);
  await everybodyWrites("after the kill", 3);
  await allHaveRead();
}, 120_000);
