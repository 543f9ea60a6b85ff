/** Real clients on a whole server: the `eventsource` package, `fetch`, and `curl`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { EventSource } from "eventsource";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SseScene } from "../../test/sse-scene.ts";

let scene: SseScene;
beforeAll(async () => {
  scene = await SseScene.open();
}, 60_000);
afterAll(() => scene.close());

describe("real clients", () => {
  test("the `eventsource` package delivers, comes back by itself and goes on", async () => {
    const ann = await scene.guest("Ann");
    const room = scene.freshRoom();
    let connections = 0;
    const source = new EventSource(`${scene.server.url}/rooms/${room}/events`, {
      fetch: (input, init) => {
        connections += 1;
        const controller = new AbortController();
        if (connections === 1) setTimeout(() => controller.abort(new Error("cut")), 500);
        const headers = { ...init.headers, Authorization: `Bearer ${ann.token}` };
        const signal = AbortSignal.any(
          [controller.signal, init.signal].filter((some) => some instanceof AbortSignal),
        );
        return fetch(input, { ...init, headers, signal });
      },
    });
    const texts: string[] = [];
    source.addEventListener("message.created", ({ data }) => {
      texts.push((JSON.parse(data as string) as { data: { text: string } }).data.text);
    });
    await once(source as unknown as NodeJS.EventEmitter & EventTarget, "open");
    await scene.say(ann, room, "one");
    while (connections < 2) {
      await scene.say(ann, room, `more ${texts.length}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await scene.say(ann, room, "last");
    while (!texts.includes("last")) await new Promise((resolve) => setTimeout(resolve, 20));
    source.close();
    const history = await scene.call("GET", `/rooms/${room}/messages?limit=200`, ann.token);
    const { events } = history.body as unknown as { events: { data: { text: string } }[] };
    expect(texts).toEqual(events.map(({ data }) => data.text));
  });

  test("`fetch` reads it as it comes, and the end is a clean one", async () => {
    const ann = await scene.guest("Ann");
    const room = scene.freshRoom();
    const response = await fetch(`${scene.server.url}/rooms/${room}/events`, {
      headers: { authorization: `Bearer ${ann.token}` },
    });
    let text = "";
    const reading = (async (): Promise<void> => {
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? [])
        text += decoder.decode(chunk, { stream: true });
    })();
    await scene.say(ann, room, "hello fetch");
    while (!text.includes("hello fetch")) await new Promise((resolve) => setTimeout(resolve, 20));
    await scene.call("DELETE", "/sessions/current", ann.token);
    await reading;
    expect(text.split("\n\n").at(-2)).toMatch(/^event: error\ndata: \{.*"unauthenticated"/);
  });

  test.each(["--http1.1", "--http1.0"])("`curl -N %s` prints it as it comes", async (version) => {
    const ann = await scene.guest("Ann");
    const room = scene.freshRoom();
    const child = spawn("curl", [
      "-sN",
      version,
      "-H",
      `Authorization: Bearer ${ann.token}`,
      `${scene.server.url}/rooms/${room}/events`,
    ]);
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    while (!text.includes("event: subscribed"))
      await new Promise((resolve) => setTimeout(resolve, 20));
    await scene.say(ann, room, "hello curl");
    while (!text.includes('hello curl"')) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill();
    expect(text).toMatch(/^retry: \d+\n\nid: \S+:0\nevent: subscribed\n/);
    expect(text).toMatch(/\n\nid: \S+:1\nevent: message\.created\ndata: \{[^\n]*\}\n\n/);
  });
});
