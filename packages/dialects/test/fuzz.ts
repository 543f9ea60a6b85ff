/**
 * Throws anything at a JSON dialect's translator. Nothing may make it throw; what it sends is JSON with a type; what it runs is
 * in order by the protocol's own schemas. `PARLANCE_FUZZ_RUNS` makes a long run of it.
 */
import type { Dialect, Doing, Entry, Identity, Task } from "@parlance/core";
import { type Command, commandSchema, limits, ProtocolError } from "@parlance/protocol";
import fc from "fast-check";
import { expect } from "vitest";

/** Inputs of one property in a usual test run, and in a long one. */
export const fuzzRuns: number = Number(process.env["PARLANCE_FUZZ_RUNS"] ?? 3_000);

interface Recorded extends Doing {
  readonly sent: string[];
  readonly tasks: Task[];
  badFrames: number;
}

function recorder(identity: Identity | undefined): Recorded {
  const recorded: Recorded = {
    sent: [],
    tasks: [],
    badFrames: 0,
    identity,
    connectionId: "c1" as Recorded["connectionId"],
    now: 1_700_000_000_000,
    run: (task: Exclude<Task, Entry>) => void recorded.tasks.push(task),
    enter: (entry: Entry) => void recorded.tasks.push(entry),
    send: (payload) => void recorded.sent.push(String(payload)),
    badFrame: () => {
      recorded.badFrames += 1;
    },
    newMessageId: () => "m1" as ReturnType<Doing["newMessageId"]>,
    placeIn: () => undefined,
    forgetPlace: () => {},
    url: "",
    end: () => {},
    after: () => {},
  };
  return recorded;
}

const ann: Identity = {
  user: "7" as Identity["user"],
  number: 7,
  name: "Ann",
  kind: "external",
  principal: "7" as Identity["principal"],
};

/** Names of members and values that make trouble elsewhere. */
const odd = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "toString", "", "\u0000", "\ud800", "general", "7"),
  fc.constantFrom(null, true, -1, 0, 7, 1.5, 2 ** 53, {}, []),
  fc.string(),
  fc.jsonValue(),
);

/**
 * Frames of one dialect, nearly in order and not at all.
 *
 * @param types Those that it knows.
 * @param members Names that its frames use.
 */
export function frames(types: readonly string[], members: readonly string[]): fc.Arbitrary<string> {
  const nearly = fc
    .tuple(
      fc.constantFrom(...types, "dance"),
      fc.dictionary(fc.constantFrom(...members, "extra"), odd, { maxKeys: 6 }),
    )
    .map(([type, rest]) => JSON.stringify({ type, ...rest }));
  return fc.oneof(fc.string(), fc.json(), nearly, nearly);
}

/** Runs one long conversation after another. */
export function fuzz(dialect: Dialect, frame: fc.Arbitrary<string>): void {
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1, maxLength: 8 }), fc.boolean(), (texts, isIn) => {
      const translator = dialect.begin();
      const doing = recorder(isIn ? ann : undefined);
      translator.opened?.(doing);
      for (const text of texts) {
        translator.received(text, doing);
        translator.waiting?.(doing);
      }
      for (const task of doing.tasks.slice(0, 20)) {
        check(task);
        if (task.type === "enter") translator.entered?.(ann, doing);
        translator.refused(task, new ProtocolError("rate_limited", { retry_after_ms: 1 }), doing);
      }
      const presence = { type: "presence", room: "general", online: [], count: 0 } as const;
      translator.heardPresence?.(
        { ...presence, offline: [ann.user] } as unknown as Parameters<
          NonNullable<typeof translator.heardPresence>
        >[0],
        doing,
      );
      for (const text of doing.sent) {
        expect(text.length).toBeLessThan(limits.frameBytes);
        expect(typeof (JSON.parse(text) as { type?: unknown }).type).toBe("string");
      }
    }),
    { numRuns: fuzzRuns },
  );
}

function check(task: Task): void {
  if (task.type === "enter") return;
  const command = commandIn(task);
  const schema = commandSchema(command.type);
  expect(schema?.safeParse(command).success, JSON.stringify(command)).toBe(true);
}

function commandIn(task: Exclude<Task, Entry>): Command {
  if (task.type === "publish_as") return { ...task.publish, text: "x" };
  if (task.type === "whisper") return { type: "typing", id: 0, room: task.room, active: true };
  const subscribes = task.type === "subscribe_kept" || task.type === "subscribe_signed";
  return subscribes ? task.subscribe : task;
}
