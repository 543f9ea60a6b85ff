import { createMemoryBroker } from "@parlance/broker/memory";
import type { EventFrame, EventId, RoomId, Sequence, UserId } from "@parlance/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Harness, startNode, type TestClient } from "../harness.ts";
import { settle } from "../manual-clock.ts";
import type { UseStore } from "./harness.ts";

const people = ["ann", "bob", "cat"] as const;
type Person = (typeof people)[number];

type Step =
  | { readonly do: "write"; readonly by: Person; readonly answers?: number }
  | { readonly do: "edit" | "pin" | "save" | "delete"; readonly by: Person; readonly which: number }
  | { readonly do: "come" | "go"; readonly who: Person }
  | { readonly do: "show"; readonly what: "all" | "since_joined" };

const which = fc.nat({ max: 30 });
const person = fc.constantFrom(...people);
const guest = fc.constantFrom<Person>("bob", "cat");
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("write" as const), by: person }) },
    fc.record({ do: fc.constant("write" as const), by: person, answers: which }),
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom("edit" as const, "pin" as const, "save" as const, "delete" as const),
        by: person,
        which,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom("come" as const, "go" as const), who: guest }),
    },
    fc.record({ do: fc.constant("show" as const), what: fc.constantFrom("all", "since_joined") }),
  ),
  { minLength: 10, maxLength: 35 },
);

/** What the model knows of a room: its log as the owner reads it all, and who is in it since when. */
class Model {
  begins = new Map<Person, Sequence>([["ann", 1]]);
  history: "all" | "since_joined" = "all";

  /** The first sequence that somebody reads; undefined for nobody's. */
  from(who: Person): Sequence | undefined {
    const begin = this.begins.get(who);
    return begin === undefined || this.history === "all" ? begin && 1 : begin;
  }
}

interface Scene {
  readonly harness: Harness;
  readonly room: RoomId;
  readonly clients: Readonly<Record<Person, TestClient>>;
}

async function begin(store: ReturnType<UseStore>): Promise<Scene> {
  for (const name of people) await store.directory.upsertExternal(name as UserId, name, 0);
  const { log, directory } = store;
  const harness = await startNode({ log, directory, broker: createMemoryBroker(), nodeId: "n" });
  const clients = {
    ann: await harness.signIn("ann"),
    bob: await harness.signIn("bob"),
    cat: await harness.signIn("cat"),
  };
  const made = { type: "create_room", kind: "private", title: "R" } as const;
  const { room } = await clients.ann.ask<"create_room">(made);
  return { harness, room, clients };
}

/** Does one step, whatever comes of it, and notes what it changed. */
async function take({ room, clients }: Scene, model: Model, step: Step, n: number): Promise<void> {
  const ids = await messageIds(clients.ann, room);
  const pick = (at: number): EventId | undefined => ids[at % Math.max(1, ids.length)];
  const key = `k${n}`;
  switch (step.do) {
    case "write": {
      const quoted = step.answers === undefined ? undefined : pick(step.answers);
      const answers = quoted === undefined ? {} : { reply_to: quoted };
      const text = `word number${n} @bob @cat`;
      const told = { type: "publish", room, text, client_message_id: key, ...answers };
      await clients[step.by].answer(told);
      return;
    }
    case "edit":
    case "pin":
    case "save":
    case "delete": {
      const message_id = pick(step.which);
      if (message_id === undefined) return;
      const about = { room, message_id };
      const more = {
        edit: { type: "edit_message", text: `word edited${n}` },
        delete: { type: "delete_message" },
        pin: { type: "pin_message", on: true },
        save: { type: "save_message", on: true },
      }[step.do];
      await clients[step.by].answer({ ...more, ...about });
      return;
    }
    case "come": {
      if (model.begins.has(step.who)) return;
      const { sequence } = await clients.ann.ask<"add_member">({
        type: "add_member",
        room,
        user: step.who,
      });
      model.begins.set(step.who, sequence);
      return;
    }
    case "go":
      if (model.begins.delete(step.who)) await clients[step.who].ask({ type: "leave", room });
      return;
    case "show":
      await clients.ann.ask({ type: "update_room", room, changes: { history: step.what } });
      model.history = step.what;
  }
}

async function messageIds(client: TestClient, room: RoomId): Promise<EventId[]> {
  const page = { type: "list_messages", room, with_threads: true, limit: 200 } as const;
  return (await client.ask<"list_messages">(page)).messages.map(({ id }) => id);
}

/** Compares all ways to read with what the model says that they show. */
async function look(
  store: ReturnType<UseStore>,
  { room, clients }: Scene,
  model: Model,
  who: Person,
) {
  const client = clients[who];
  const from = model.from(who);
  if (from === undefined) {
    await client.refusal({ type: "history", room });
    return;
  }
  const log = await store.log.read({ room, after: 0, limit: 200 });
  const events = (log?.events ?? []).map(({ frame }) => frame);
  const placeOf = new Map(events.map(({ id, sequence }) => [id, sequence]));
  const isRead = (id: EventId): boolean => (placeOf.get(id) ?? 0) >= from;
  const expected = events
    .filter(({ sequence }) => sequence >= from)
    .map((frame): EventFrame => {
      if (frame.type !== "message.edited" || "erased" in frame) return frame;
      // What was edited before anything was hidden does not say of which place it is: nobody reads it who reads not all.
      const place = from === 1 ? 1 : (frame.data.message_sequence ?? 0);
      if (place >= from) return frame;
      const { data: _, ...envelope } = frame;
      return { ...envelope, erased: true };
    });
  const isAll = from === 1;

  const forward = await client.ask<"history">({ type: "history", room, after: 0, limit: 200 });
  expect(forward.events).toEqual(expected);
  expect(forward.floor).toBe(from - 1);
  const back = await client.ask<"history">({ type: "history", room, limit: 200 });
  expect(back.events).toEqual(expected);

  const visible = events.filter(({ type, id }) => type === "message.created" && isRead(id));
  const ids = visible.map(({ id }) => id);
  expect(await messageIds(client, room)).toEqual(ids);
  const listed = { type: "list_messages", room, with_threads: true, limit: 200 } as const;
  for (const view of (await client.ask<"list_messages">(listed)).messages) {
    if (view.reply_to !== undefined) expect(isRead(view.reply_to.message_id)).toBe(true);
  }
  for (const frame of events) {
    if (frame.type !== "message.created") continue;
    const answer = await client.answer({ type: "get_message", room, message_id: frame.id });
    expect(answer.type).toBe(isRead(frame.id) ? "reply" : "error");
    const versions = { type: "list_versions", room, message_id: frame.id };
    expect((await client.answer(versions)).type).toBe(isRead(frame.id) ? "reply" : "error");
  }

  const there = visible.filter((frame) => !("erased" in frame)).map(({ id }) => id);
  const found = await client.ask<"search">({
    type: "search",
    query: "word",
    limit: 50,
    context: 2,
  });
  expect(new Set(found.hits.map(({ message }) => message.id))).toEqual(new Set(there));
  for (const { before = [], after = [] } of found.hits) {
    for (const { id } of [...before, ...after]) expect(isRead(id)).toBe(true);
  }

  const pins = await client.ask<"list_pins">({ type: "list_pins", room });
  const all = await clients.ann.ask<"list_pins">({ type: "list_pins", room });
  const pinned = all.pins.map(({ message }) => message.id);
  expect(pins.pins.map(({ message }) => message.id)).toEqual(pinned.filter(isRead));
  const { saved } = await client.ask<"list_saved">({ type: "list_saved" });
  for (const { id } of saved) expect(isRead(id)).toBe(true);
  const { mentions } = await client.ask<"list_mentions">({ type: "list_mentions" });
  for (const { id } of mentions) expect(isRead(id)).toBe(true);

  const head = events.length;
  const proof = await client.ask<"proof">({ type: "proof", room, from, to: head });
  expect(proof.commitments.map((one) => "nonce" in one)).toEqual(
    expected.map((frame) => "data" in frame),
  );
  if (!isAll) await client.refusal({ type: "proof", room, from: from - 1, to: head });

  const epoch = forward.epoch;
  if (!isAll) {
    const early = { type: "subscribe", room, position: { epoch, offset: from - 2 } } as const;
    expect((await client.refusal(early)).code).toBe("resync_required");
  }
  const got = client.frames.length;
  const position = { epoch, offset: from - 1 };
  await client.ask({ type: "subscribe", room, position });
  const isComplete = (): boolean => liveSince(client, got).length >= expected.length;
  for (let turn = 0; turn < 2_000 && !isComplete(); turn += 1) await settle();
  expect(liveSince(client, got)).toEqual(expected);
  await client.ask({ type: "unsubscribe", room });
}

function liveSince(client: TestClient, got: number): EventFrame[] {
  return client.frames
    .slice(got)
    .filter((frame): frame is EventFrame => "sequence" in frame && "author" in frame);
}

/** Reading from one's joining on, by every way there is: the same on every engine. */
export function describeSinceJoined(store: UseStore): void {
  describe("a room whose members read what was written since they joined", () => {
    test("[I-15] [Z14] over random histories nobody is shown anything from before, by whatever way, and everything since", async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (history) => {
          await store().clear();
          const scene = await begin(store());
          const model = new Model();
          let n = 0;
          for (const step of history) {
            n += 1;
            await take(scene, model, step, n);
          }
          await settle();
          for (const who of people) await look(store(), scene, model, who);
          await scene.harness.node.close();
        }),
        { numRuns: 12 },
      );
    }, 120_000);
  });
}
