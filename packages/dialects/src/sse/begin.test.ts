/** How a stream begins, and begins anew, step by step: what it asks of its connection, and what it writes. */
import type { Answer, Stream, StreamDoing, Task } from "@parlance/core";
import type { Epoch, RoomId, Subscribed } from "@parlance/protocol";
import { ProtocolError } from "@parlance/protocol";
import { expect, test } from "vitest";
import { sseDialect } from "./index.ts";

const room = "a" as RoomId;

function place(name: string, epoch: string, offset: number): Subscribed {
  const about = { floor: 0, kind: "public" as const, title: name };
  return { room: name as RoomId, epoch: epoch as Epoch, offset, head: offset, ...about };
}

/** A connection whose every task waits until the test answers it. */
class Waiting implements StreamDoing {
  readonly did: string[] = [];
  readonly tasks: { task: Task; answer: Answer }[] = [];
  readonly stream: Stream;

  constructor(target: string, lastEventId?: string) {
    const [path = "", query = ""] = target.split("?");
    const headers = { authorization: "Bearer x", "last-event-id": lastEventId };
    const times = { retryMs: 1_000, retryAfterDrainMs: 9_000 };
    this.stream = sseDialect.begin({ path, query, headers, ...times });
    this.stream.opened(this);
    this.done("enter", {});
  }

  perform(task: Task, answer: Answer): void {
    this.tasks.push({ task, answer });
  }

  accept(): void {
    this.did.push("accepted");
  }

  refuse(error: ProtocolError): void {
    this.did.push(`refused ${error.code}`);
  }

  send(text: string): void {
    const [, id] = /^id: (.*)$/m.exec(text) ?? [];
    const [, type = text.trim()] = /^event: (.*)$/m.exec(text) ?? [];
    this.did.push(id === undefined ? type : `${type} ${id}`.trim());
  }

  end(code: string): void {
    this.did.push(`ended ${code}`);
  }

  after(delayMs: number, run: () => void): void {
    this.did.push(`waited ${delayMs}`);
    run();
  }

  done(type: Task["type"], reply: Parameters<Answer["done"]>[0]): void {
    this.next(type).answer.done(reply);
  }

  failed(type: Task["type"], code: ProtocolError["code"], retryAfterMs?: number): void {
    const details = retryAfterMs === undefined ? undefined : { retry_after_ms: retryAfterMs };
    this.next(type).answer.failed(new ProtocolError(code, details));
  }

  next(type: Task["type"]): { task: Task; answer: Answer } {
    const next = this.tasks.shift();
    if (next?.task.type !== type) throw new Error(`asked for ${next?.task.type}, not for ${type}`);
    return next;
  }
}

test("[I-13] a log that begins a new life under the stream: `reset` by the node, then the new place", () => {
  const doing = new Waiting("/rooms/a/events");
  doing.done("subscribe", place("a", "k1.1", 5));
  doing.stream.told({ type: "reset", room, epoch: "k2.1" as Epoch });
  doing.done("subscribe", place("a", "k2.1", 3));
  expect(doing.did).toEqual(["accepted", "retry: 1000", "subscribed k1.1:5", "subscribed k2.1:3"]);
});

test("of several rooms it is told in the one that it happened to, as a mark", () => {
  const doing = new Waiting("/events?room=a&room=b");
  doing.done("subscribe", place("a", "k1.1", 5));
  doing.done("subscribe", place("b", "k1.2", 0));
  doing.stream.told({ type: "reset", room, epoch: "k2.1" as Epoch });
  doing.done("subscribe", place("a", "k2.1", 3));
  expect(doing.did.slice(2)).toEqual(["subscribed", "subscribed a k2.1 3"]);
});

test("a room that is gone when it would begin anew is told as such, and the last one ends the stream", () => {
  const doing = new Waiting("/rooms/a/events");
  doing.done("subscribe", place("a", "k1.1", 5));
  doing.stream.told({ type: "reset", room, epoch: "k2.1" as Epoch });
  doing.failed("subscribe", "not_found");
  expect(doing.did.slice(3)).toEqual(["unsubscribed", "ended not_found"]);
});

test("a refusal that passes is waited for, one that stays is the answer", () => {
  const doing = new Waiting("/rooms/a/events");
  doing.failed("subscribe", "rate_limited", 20);
  doing.failed("subscribe", "unavailable", 30);
  doing.failed("subscribe", "not_found");
  expect(doing.did).toEqual(["waited 20", "waited 30", "refused not_found"]);
});

test("[I-10] a room that cannot be had for the moment ends the stream, so that its client comes back for all", () => {
  const doing = new Waiting("/events?room=a&room=b");
  doing.done("subscribe", place("a", "k1.1", 5));
  doing.failed("subscribe", "unavailable");
  expect(doing.did).toEqual(["accepted", "retry: 1000", "ended unavailable"]);
});

test("[I-13] known places are asked for together; what is gone of them is `reset` first", () => {
  const before = new Waiting("/events?room=a&room=b&room=c");
  before.done("subscribe", place("a", "k1.1", 5));
  before.done("subscribe", place("b", "k1.2", 7));
  before.failed("subscribe", "not_found");
  const mark = Buffer.from("id: \nevent: x\ndata: {}\n\n");
  const out = Buffer.from(before.stream.personal?.(mark) ?? "").toString();
  const id = /^id: (.*)$/m.exec(out)?.[1] ?? "";

  const doing = new Waiting("/events?room=a&room=b&room=c", id);
  const { task, answer } = doing.next("resume");
  expect(task).toMatchObject({
    rooms: [
      { room: "a", position: { epoch: "k1.1", offset: 5 } },
      { room: "b", position: { epoch: "k1.2", offset: 7 } },
    ],
  });
  const error = new ProtocolError("resync_required").toWire();
  answer.done({ rooms: [place("a", "k1.1", 5), { room: "b" as RoomId, error }] });
  doing.failed("subscribe", "not_found");
  expect(doing.next("subscribe").task).toEqual({ type: "subscribe", id: 0, room: "b" });
  expect(doing.did).toEqual(["accepted", "retry: 1000"]);
});
