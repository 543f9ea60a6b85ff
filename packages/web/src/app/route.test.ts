import { describe, expect, test } from "vitest";
import { parseRoute, roomPath } from "./route.ts";

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
