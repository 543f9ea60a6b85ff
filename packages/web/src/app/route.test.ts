import { describe, expect, test } from "vitest";
import { messagePath, parseRoute, roomPath, threadPath } from "./route.ts";

describe("routes", () => {
  test("the root is home and a room has its address", () => {
    expect(parseRoute("/")).toEqual({ page: "home" });
    expect(parseRoute("/room/general")).toEqual({ page: "room", room: "general" });
    expect(parseRoute("/room/general/")).toEqual({ page: "room", room: "general" });
  });

  test("the path of a room leads back to it", () => {
    for (const room of ["general", "a:b.c-d_e", "r_0123", "A".repeat(128)]) {
      expect(parseRoute(roomPath(room))).toEqual({ page: "room", room });
    }
  });

  test("a message has its address, and so has the thread under it", () => {
    const place = { page: "room", room: "general", sequence: 12 };
    expect(parseRoute(messagePath("general", 12))).toEqual(place);
    expect(parseRoute(threadPath("general", 12))).toEqual({ ...place, thread: true });
    expect(parseRoute("/room/general/thread")).toEqual({ page: "unknown" });
  });

  test("what cannot be a room is unknown", () => {
    for (const path of [
      "/room/",
      "/room/a/b",
      "/room/%zz",
      "/room/%2e%2e%2fapi",
      "/room/<script>",
      `/room/${"a".repeat(129)}`,
      "/rooms/general",
    ]) {
      expect(parseRoute(path), path).toEqual({ page: "unknown" });
    }
  });
});
