import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { JsonClient } from "../../test/json-client.ts";
import { type StageServer, secret, startStage } from "../../test/stage.ts";
import { mintToken, playTranscript } from "../../test/transcript.ts";

let stage: StageServer;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

const play = (name: string): Promise<void> =>
  playTranscript(join(import.meta.dirname, `transcripts/${name}.jsonl`), stage.stage("/mmb"));

test("[MMB-03] [MMB-04] [MMB-05] [MMB-16] people chat in a room as described", () => play("chat"));
test("[MMB-11] [MMB-12] two editors see each other's edits and cursors", () => play("editors"));
test("[MMB-13] [MMB-15] a back end notifies one user, and nobody else can listen", () =>
  play("notifications"));

const open = (): Promise<JsonClient> => JsonClient.open(`${stage.server.url}/mmb`);

async function signedIn(token: string): Promise<JsonClient> {
  const client = await open();
  client.send({ type: "auth", token });
  await client.until((frame) => frame["type"] === "authenticated");
  return client;
}

describe("[MMB-08] [MMB-21] tokens", () => {
  test("a forged, an expired and a nonsense token are refused, and the connection lives", async () => {
    const client = await open();
    for (const token of [
      mintToken("another-secret-than-the-install-has-here", 7),
      `${mintToken(secret, 7).slice(0, -4)}AAAA`,
    ]) {
      client.send({ type: "auth", token });
      expect(await client.next()).toMatchObject({ type: "error", code: "unauthenticated" });
    }
    client.send({ type: "auth", token: mintToken(secret, 7, -60) });
    expect(await client.next()).toMatchObject({ type: "error", code: "token_expired" });
    client.send({ type: "auth", token: mintToken(secret, 7) });
    expect(await client.next()).toEqual({ type: "authenticated", user_id: 7 });
    client.terminate();
  });

  test("a token is refused while another connection uses it, and works again afterwards", async () => {
    const token = mintToken(secret, 8);
    const first = await signedIn(token);
    const second = await open();
    second.send({ type: "auth", token });
    expect(await second.next()).toMatchObject({ type: "error", code: "conflict" });
    first.terminate();
    await expect
      .poll(async () => {
        second.send({ type: "auth", token });
        return (await second.next())?.["type"];
      })
      .toBe("authenticated");
    second.terminate();
  });

  test("a connection that does not answer makes room within two seconds and a little", async () => {
    const token = mintToken(secret, 9);
    const first = await signedIn(token);
    first.stopReading();
    const second = await open();
    const since = Date.now();
    second.send({ type: "auth", token });
    expect(await second.next()).toEqual({ type: "authenticated", user_id: 9 });
    expect(Date.now() - since).toBeGreaterThan(1_000);
    second.terminate();
    first.terminate();
  });
});

describe("[MMB-06] [MMB-27] places", () => {
  test("a page that comes back with its token gets the edits that it missed, once; a new one gets none", async () => {
    const room = "codexpro_project_77";
    const token = mintToken(secret, 20);
    const writer = await signedIn(mintToken(secret, 21));
    writer.send({ type: "join", room });
    let page = await signedIn(token);
    page.send({ type: "join", room });
    await page.until((frame) => frame["type"] === "room_joined");
    const edit = (n: number): void =>
      writer.send({ type: "edit", room, changes: { text: [`edit ${n}`] } });
    edit(1);
    await page.until((frame) => frame["type"] === "edit");
    // Long enough for the answer to the probe behind it, and for its place to be stored.
    await sleep(1_500);
    page.terminate();
    for (let n = 2; n <= 5; n += 1) edit(n);
    await writer.until((frame) => JSON.stringify(frame).includes("edit 5"));
    await stage.server.kill();
    await stage.server.start();
    page = await open();
    // As a page does that knows nothing of waiting.
    page.send({ type: "auth", token });
    page.send({ type: "join", room });
    const missed: string[] = [];
    while (missed.length < 4) {
      const frame = await page.until(({ type }) => type === "edit");
      missed.push((frame["changes"] as { text: [string] }).text[0]);
    }
    expect(missed).toEqual(["edit 2", "edit 3", "edit 4", "edit 5"]);
    await page.expectSilence((frame) => frame["type"] === "edit");
    const newcomer = await signedIn(mintToken(secret, 20));
    newcomer.send({ type: "join", room });
    await newcomer.until((frame) => frame["type"] === "room_joined");
    await newcomer.expectSilence((frame) => frame["type"] === "edit");
    page.terminate();
    newcomer.terminate();
  });
});

describe("[MMB-28] [MMB-29] typing and read receipts", () => {
  test("are told to the others of the room, by number, and end by themselves", async () => {
    const key = stage.stage("/mmb").key ?? "";
    const call = async (method: string, path: string, body: object): Promise<{ room: string }> => {
      const answer = await fetch(`${stage.server.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      expect(answer.status).toBeLessThan(300);
      return (await answer.json()) as { room: string };
    };
    const [writer, reader] = [
      await signedIn(mintToken(secret, 40)),
      await signedIn(mintToken(secret, 41)),
    ];
    const { room } = await call("POST", "/rooms", { kind: "private", title: "Two" });
    for (const user of [40, 41])
      await call("PUT", `/rooms/${room}/members/${user}`, { role: "member" });
    for (const client of [writer, reader]) {
      client.send({ type: "join", room });
      await client.until(({ type }) => type === "room_joined");
    }
    writer.send({ type: "typing", room });
    expect(await reader.until(({ type }) => type === "typing")).toEqual({
      type: "typing",
      room,
      user_id: 40,
      active: true,
    });
    writer.send({ type: "message", room, message: "done" });
    expect(await reader.until(({ type }) => type === "typing")).toEqual({
      type: "typing",
      room,
      user_id: 40,
      active: false,
    });
    reader.send({ type: "read", room });
    expect(await writer.until(({ type }) => type === "read")).toEqual({
      type: "read",
      room,
      user_id: 41,
    });
    const stranger = await signedIn(mintToken(secret, 42));
    for (const frame of [{ type: "typing" }, { type: "read" }]) {
      stranger.send({ ...frame, room });
      expect(await stranger.next()).toMatchObject({ type: "error", code: "not_found" });
    }
    stranger.send({ type: "typing", room, active: "yes" });
    expect(await stranger.next()).toMatchObject({ type: "error", code: "bad_request" });
    for (const client of [writer, reader, stranger]) client.terminate();
  });
});

describe("[MMB-14] jobs", () => {
  test("progress reaches whom the back end let in", async () => {
    const key = stage.stage("/mmb").key ?? "";
    const call = (method: string, path: string, body: object): Promise<Response> =>
      fetch(`${stage.server.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const room = "ocr_job_5";
    const owner = await signedIn(mintToken(secret, 30));
    expect((await call("PUT", `/api/v1/rooms/${room}/members/30`, { role: "member" })).status).toBe(
      200,
    );
    owner.send({ type: "join", room });
    await owner.until((frame) => frame["type"] === "room_joined");
    const progress = { type: "ocr_progress", job_id: 5, progress: 25, status: "processing" };
    expect(
      (await call("POST", "/broadcast", { type: "message", room, message: progress })).status,
    ).toBe(201);
    expect(await owner.until((frame) => frame["type"] === "message")).toMatchObject({
      message: progress,
    });
    owner.terminate();
  });

  test("whoever joins gets the job's newest messages, with a place and without; other rooms give none", async () => {
    const key = stage.stage("/mmb").key ?? "";
    const room = "ocr_job_6";
    const call = (method: string, path: string, body: object): Promise<Response> =>
      fetch(`${stage.server.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    const tell = (progress: number): Promise<Response> =>
      call("POST", "/broadcast", {
        type: "message",
        room,
        message: { type: "ocr_progress", job_id: 6, progress, status: "processing" },
      });
    const progressOf = async (client: JsonClient): Promise<unknown> =>
      (
        (await client.until(({ type }) => type === "message"))["message"] as Record<string, unknown>
      )["progress"];
    const token = mintToken(secret, 31);
    (await signedIn(token)).terminate();
    for (let progress = 1; progress <= 30; progress += 1) await tell(progress);
    await call("PUT", `/api/v1/rooms/${room}/members/31`, { role: "member" });
    let page = await open();
    page.send({ type: "auth", token });
    page.send({ type: "join", room });
    await page.until(({ type }) => type === "room_joined");
    // Twenty events, the last of which says who was let in.
    for (let progress = 12; progress <= 30; progress += 1) {
      expect(await progressOf(page)).toBe(progress);
    }
    await page.expectSilence(({ type }) => type === "message");
    // Long enough for its place to be stored.
    await sleep(1_500);
    page.terminate();
    page = await open();
    page.send({ type: "auth", token });
    page.send({ type: "join", room });
    expect(await progressOf(page)).toBe(12);
    page.terminate();
  });
});
