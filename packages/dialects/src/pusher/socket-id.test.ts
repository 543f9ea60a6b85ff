import type { ConnectionId } from "@parlance/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { connectionOf, socketIdOf } from "./socket-id.ts";

const signs = "0123456789abcdefghijklmnopqrstuv".split("");

test("[P2] a connection is named by two numbers, and found by them", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...signs), minLength: 13, maxLength: 13 }),
      (id) => {
        const socketId = socketIdOf(id as ConnectionId);
        expect(socketId).toMatch(/^\d+\.\d+$/);
        expect(connectionOf(socketId)).toBe(id);
      },
    ),
  );
  expect(connectionOf(socketIdOf("c12" as ConnectionId))).toBe("c12");
});

test("[P2] what names no connection of ours is undefined", () => {
  for (const text of ["", ".", "1.1", "1.2.3", "a.b", "1.1:private-a", "0.1", "-1.2", "1e9.1"]) {
    expect(connectionOf(text), text).toBeUndefined();
  }
});
