import { expect, test } from "vitest";
import { pageCommands } from "./commands.ts";

test("each key and each name belongs to one command", () => {
  const keys = pageCommands.flatMap((command) =>
    command.keys === undefined ? [] : [command.keys],
  );
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  const ids = pageCommands.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
