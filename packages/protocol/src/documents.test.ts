import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import {
  asyncApiDocument,
  closeAdvice,
  errorTableMarkdown,
  nativeJsonSchema,
  pinnedSchema,
} from "./documents.ts";
import { canonicalize, errors, protocolVersion, supportedVersions } from "./index.ts";

const docs = resolve(import.meta.dirname, "../../../docs/protocol");
const read = (name: string): string => readFileSync(resolve(docs, name), "utf8");
const generated = "run `npm run docs:protocol` and commit what it writes";

/** All `$ref`s in a document, whatever their depth. */
function refs(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" && typeof inner === "string" ? [inner] : refs(inner),
  );
}

function resolveRef(document: unknown, ref: string): unknown {
  return ref
    .slice(2)
    .split("/")
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);
}

test("the wire schema is the one pinned to the protocol version", () => {
  const sha256 = createHash("sha256").update(canonicalize(nativeJsonSchema())).digest("hex");
  expect({ version: protocolVersion, sha256 }).toEqual(pinnedSchema);
});

test("the version that is spoken is among those supported, and the highest", () => {
  expect(supportedVersions[0]).toBe(protocolVersion);
  expect(supportedVersions).toEqual(supportedVersions.toSorted((a, b) => b - a));
});

test("docs/protocol/native.schema.json is current", () => {
  expect(JSON.parse(read("native.schema.json")), generated).toEqual(nativeJsonSchema());
});

test("docs/protocol/asyncapi.json is current", () => {
  expect(JSON.parse(read("asyncapi.json")), generated).toEqual(asyncApiDocument());
});

test("the table in docs/protocol/errors.md is current", () => {
  expect(read("errors.md"), generated).toContain(errorTableMarkdown());
});

test.each([
  ["JSON Schema", nativeJsonSchema()],
  ["AsyncAPI", asyncApiDocument()],
])("every $ref of the %s document leads somewhere", (_, document) => {
  const all = refs(document);
  expect(all.length).toBeGreaterThan(20);
  expect(all.filter((ref) => resolveRef(document, ref) === undefined)).toEqual([]);
});

test("native.md and errors.md name every error code and close code", () => {
  const text = read("native.md") + read("errors.md");
  for (const [code, row] of Object.entries(errors)) {
    expect(text).toContain(`\`${code}\``);
    if ("close" in row) expect(text).toContain(`${row.close}`);
  }
});

test("a close code never seen before tells by its range what to do", () => {
  expect(closeAdvice(4499)).toBe("reconnect");
  expect(closeAdvice(4500)).toBe("give up");
  expect(closeAdvice(4999)).toBe("give up");
  expect(closeAdvice(1012)).toBe("reconnect");
});
