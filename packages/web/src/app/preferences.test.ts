import { expect, test } from "vitest";
import { parsePreferences } from "./preferences.ts";

test("stored preferences that are unknown or broken fall back one by one", () => {
  const defaults = parsePreferences(undefined);
  for (const text of ["", "null", "[]", "{", '{"theme":"pink"}', '"dark"']) {
    expect(parsePreferences(text), text).toEqual(defaults);
  }
  expect(parsePreferences('{"theme":"dark","density":7}')).toEqual({ ...defaults, theme: "dark" });
});
