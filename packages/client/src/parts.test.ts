import { execFileSync } from "node:child_process";
import { createHash, webcrypto } from "node:crypto";
import { resolve } from "node:path";
import { errors, type Json, canonicalize as reference } from "@parlance/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { firstWindowMs, maxWindowMs, reconnectDelay, retryDelay } from "./backoff.ts";
import { canonicalize } from "./canonical.ts";
import { closeCodes, fromClose } from "./errors.ts";
import { fromHex, sha256, toHex } from "./sha256.ts";

test("sha256 is the platform's, for every length around the block", async () => {
  for (let length = 0; length < 200; length += 1) {
    const bytes = webcrypto.getRandomValues(new Uint8Array(length));
    const hex = toHex(sha256(bytes));
    expect(hex).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(hex).toBe(toHex(new Uint8Array(await webcrypto.subtle.digest("SHA-256", bytes))));
    expect(fromHex(hex)).toEqual(sha256(bytes));
  }
});

test("canonical text is the protocol's, for any JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      expect(canonicalize(value)).toBe(reference(value as Json));
    }),
  );
});

test("close codes are those of the error table, and unknown ones go by their range", () => {
  const table = Object.entries(errors).filter(([, row]) => "close" in row);
  for (const [code, { close, retry }] of table) {
    const error = fromClose(close ?? 0, "");
    expect(errors[closeCodes[close ?? 0] ?? "bad_request"].close, code).toBe(close);
    if (close !== undefined && close >= 4500) expect(error.retry).toBe(retry);
    else expect(error.retry).not.toBe("never");
  }
  expect(fromClose(4999, "").retry).toBe("never");
  expect(fromClose(4499, "").retry).toBe("later");
  expect(fromClose(1006, "")).toMatchObject({ code: "offline", retry: "later" });
});

test("back-off begins within 250 ms, grows with the outage and stops at 10 s", () => {
  for (let n = 0; n < 200; n += 1) {
    expect(reconnectDelay(0)).toBeLessThanOrEqual(firstWindowMs);
    expect(reconnectDelay(3_600_000)).toBeLessThanOrEqual(maxWindowMs);
    expect(retryDelay(99, 500)).toBeGreaterThanOrEqual(500);
    expect(retryDelay(99, 0)).toBeLessThanOrEqual(maxWindowMs);
  }
});

test("[P15] the SDK is at most 10 kB gzipped", { timeout: 120_000 }, () => {
  const script = resolve(import.meta.dirname, "../../../scripts/build-client.ts");
  const output = execFileSync(process.execPath, [script], { encoding: "utf8" });
  expect(Number(/(\d+) bytes gzipped/.exec(output)?.[1])).toBeLessThanOrEqual(10_240);
});
