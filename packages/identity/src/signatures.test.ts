import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { createSignatures } from "./signatures.ts";

const secret = "7ad3773142a6692b25b8";
const signatures = createSignatures({ key: "278d425bdf160c739803", secret });
const text = "1234.1234:private-foobar";
// The example of Pusher's documentation, "Auth signatures".
const known =
  "278d425bdf160c739803:58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4";

test("[P1] the signature of Pusher's documentation is good, for its own text only", () => {
  expect(signatures.verify({ text, signature: known })).toBe(true);
  for (const other of ["1234.1235:private-foobar", "1234.1234:private-foobaz", `${text}:`, ""]) {
    expect(signatures.verify({ text: other, signature: known }), other).toBe(false);
  }
});

test("[P1] what is none, is cut off, is of another key or of another case is refused", () => {
  const mac = createHmac("sha256", secret).update(text).digest("hex");
  const wrong = [
    "",
    ":",
    mac,
    `278d425bdf160c739803:`,
    known.slice(0, -1),
    `${known}0`,
    known.toUpperCase(),
    `other:${mac}`,
    `278d425bdf160c739803:${"\u0430".repeat(64)}`,
  ];
  for (const signature of wrong) {
    expect(signatures.verify({ text, signature }), signature).toBe(false);
  }
});
