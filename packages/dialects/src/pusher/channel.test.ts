import type { RoomId } from "@parlance/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { channelOfRoom, channelOfUser, kindOfChannel, roomOfChannel } from "./channel.ts";

const channelSigns = "abcxyzABC0189_-=@,.;".split("");
const roomSigns = "abcxyz0139_-.:".split("");
const textOf = (signs: readonly string[], maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...signs), minLength: 1, maxLength });

test("[P3] a channel of plain signs is the room of that name", () => {
  expect(roomOfChannel("general")).toBe("general");
  expect(roomOfChannel("private-chat.1")).toBe("private-chat.1");
  expect(roomOfChannel("#server-to-user-ann")).toBe("user:ann");
  expect(channelOfRoom("user:ann" as RoomId)).toBe("#server-to-user-ann");
  expect(channelOfUser("a@b" as never)).toBeUndefined();
});

test("[P3] other signs are escaped, in front too", () => {
  expect(roomOfChannel("a=b@c,d;e")).toBe("a:3db:40c:2cd:3be");
  expect(roomOfChannel("_x=")).toBe("c::5fx:3d");
  expect(roomOfChannel("=x")).toBe("c::3dx");
  expect(roomOfChannel("c=x")).toBe("c:3dx");
});

test("[P3] what is no name of a channel is no room", () => {
  const wrong = [
    "",
    " ",
    "a b",
    "#x",
    "a#b",
    "a*",
    "a:b",
    "a/b",
    "a\nb",
    "a\n",
    "ä",
    "a".repeat(165),
  ];
  for (const name of wrong) expect(roomOfChannel(name), name).toBeUndefined();
  expect(roomOfChannel("#server-to-user-")).toBeUndefined();
});

test("[P3] a channel whose room's id would be too long is refused", () => {
  expect(roomOfChannel("a".repeat(128))).toBe("a".repeat(128));
  expect(roomOfChannel("a".repeat(129))).toBeUndefined();
  expect(roomOfChannel(`a${"=".repeat(43)}`)).toBeUndefined();
});

test("[P3] every channel comes back from its room, so no two are one", () => {
  fc.assert(
    fc.property(textOf(channelSigns, 60), (channel) => {
      const room = roomOfChannel(channel);
      if (room !== undefined) expect(channelOfRoom(room)).toBe(channel);
    }),
  );
});

test("[P3] a room that has a channel is that channel's room", () => {
  fc.assert(
    fc.property(textOf(roomSigns, 40), (text) => {
      const channel = channelOfRoom(text as RoomId);
      if (channel !== undefined) expect(roomOfChannel(channel)).toBe(text);
    }),
  );
  for (const room of ["a:61", "a:zz", "c:5f", "notifications:x", "a:3D"]) {
    expect(channelOfRoom(room as RoomId), room).toBeUndefined();
  }
});

test.each([
  ["general", "open", false],
  ["cache-a", "open", true],
  ["private-a", "private", false],
  ["private-cache-a", "private", true],
  ["private-encrypted-a", "encrypted", false],
  ["private-encrypted-cache-a", "encrypted", true],
  ["presence-a", "presence", false],
  ["presence-cache-a", "presence", true],
  ["#server-to-user-cache-a", "user", false],
])("[P1] %s is %s", (channel, access, isCache) => {
  expect(kindOfChannel(channel)).toEqual({ access, isCache });
});
