/** The examples in `docs/protocol/native.md` are frames that the server takes and sends; its proof comes out. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import type { z } from "zod";
import { commandTypes } from "./documents.ts";
import { eventFrameSchema } from "./events/frame-schemas.ts";
import {
  type CommandType,
  canonicalize,
  commandSchema,
  durablePayloadSchemas,
  type EphemeralEvent,
  type ErrorCode,
  type EventFrame,
  ephemeralSchemas,
  errorRow,
  limits,
  type NoticeEvent,
  type ProofResult,
  protocolVersion,
  replySchemas,
  subprotocol,
  wireErrorSchema,
} from "./index.ts";

const path = resolve(import.meta.dirname, "../../../docs/protocol/native.md");
const text = readFileSync(path, "utf8");

interface Frame {
  readonly type: string;
  readonly id?: number;
  readonly [member: string]: unknown;
}

function frames(mark: "<" | ">"): Frame[] {
  return [...text.matchAll(/^([<>]) (\{.*\})$/gm)]
    .filter((match) => match[1] === mark)
    .map((match) => JSON.parse(match[2] as string) as Frame);
}

const sent = frames(">");
const received = frames("<");
const typeById = new Map(sent.map((frame) => [frame.id, frame.type as CommandType]));

function schemaOf(frame: Frame): z.ZodType {
  if (frame.type === "error") return wireErrorSchema;
  if ("sequence" in frame) return eventFrameSchema;
  return ephemeralSchemas[frame.type as (EphemeralEvent | NoticeEvent)["type"]];
}

test("every command has an example, and each is one that the server takes", () => {
  expect(commandTypes.filter((type) => !sent.some((frame) => frame.type === type))).toEqual([]);
  for (const frame of sent) {
    expect(
      commandSchema(frame.type)?.safeParse(frame).error,
      JSON.stringify(frame),
    ).toBeUndefined();
    expect(commandSchema(frame.type)?.parse(frame)).toEqual(frame);
  }
});

test("every example command has its own id and exactly one answer", () => {
  expect(typeById.size).toBe(sent.length);
  for (const { id } of sent) {
    const answers = received.filter((frame) => !("sequence" in frame) && frame.id === id);
    expect(answers.length, `id ${id}`).toBe(1);
  }
});

test("every example frame from the server fits its schema, with nothing besides", () => {
  for (const frame of received) {
    const command = typeById.get(frame.id);
    if (frame.type === "reply" && command !== undefined) {
      expect(replySchemas[command].parse(frame["result"])).toEqual(frame["result"]);
    } else {
      const { type, id, ...rest } = frame;
      expect(schemaOf(frame).parse(frame), JSON.stringify(frame)).toMatchObject(rest);
    }
  }
});

test("every event and notice has an example", () => {
  const types = new Set(received.map((frame) => frame.type));
  const all = [...Object.keys(durablePayloadSchemas), ...Object.keys(ephemeralSchemas)];
  expect(all.filter((type) => !types.has(type))).toEqual([]);
});

test("example errors are rows of the table", () => {
  const errors = received.filter((frame) => frame.type === "error");
  expect(errors.length).toBeGreaterThan(1);
  for (const { code, retry, text: sentence } of errors) {
    expect(errorRow(code as ErrorCode)).toMatchObject({ retry, text: sentence });
  }
});

test("[NAT-41] the worked example of a proof comes out", () => {
  const result = (type: CommandType): unknown =>
    received.find((frame) => frame.type === "reply" && typeById.get(frame.id) === type)?.["result"];
  const proof = result("proof") as ProofResult;
  const { events } = result("history") as { events: readonly EventFrame[] };
  let hash = Buffer.from(proof.hash_before, "hex");
  expect(hash).toEqual(Buffer.alloc(32));
  for (const [index, event] of events.entries()) {
    const held = proof.commitments[index];
    if (held === undefined || !("nonce" in held) || !("data" in event)) throw new Error("no nonce");
    const { data, ...envelope } = event;
    const commitment = createHash("sha256")
      .update(Buffer.from(held.nonce, "hex"))
      .update(canonicalize({ ...data }))
      .digest("hex");
    expect(text).toContain(`= ${commitment}`);
    const canonical = canonicalize({ ...envelope, commitment });
    hash = createHash("sha256").update(hash).update(canonical).digest();
    expect(text).toContain(`hash_${event.sequence}       = ${hash.toString("hex")}`);
  }
  expect(hash.toString("hex")).toBe(proof.hash_after);
});

test("rules are numbered from NAT-1 without a hole, and NAT-4 is the rule of tolerance", () => {
  const numbers = [...text.matchAll(/^- \*\*NAT-(\d+)\*\*/gm)].map((match) => Number(match[1]));
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  expect(text).toContain("**NAT-4** Unknown types are ignored.");
});

test("the limits and names in the text are those of the code", () => {
  const written = (value: number): string => value.toLocaleString("en-US");
  for (const value of [
    limits.frameBytes,
    limits.textLength,
    limits.tokenLength,
    limits.proofEvents,
    limits.subscriptions,
  ]) {
    expect(text).toContain(written(value));
  }
  expect(text).toContain(`\`${subprotocol}\``);
  expect(text).toContain(`version ${protocolVersion}`);
});
