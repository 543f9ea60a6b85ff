import { expect, test } from "vitest";
import { statusIn } from "./built-in.ts";
import { commandIn, offeredFor, textOf } from "./slash.ts";

test.each([
  ["/topic Soup of the day", { name: "topic", rest: "Soup of the day" }],
  ["/Help", { name: "help", rest: "" }],
  ["/me  waves \n twice ", { name: "me", rest: "waves \n twice" }],
  ["//topic no", undefined],
  ["/", undefined],
  ["/ topic", undefined],
  ["/etc/passwd", undefined],
  [" /topic", undefined],
  ["1/2", undefined],
])("%j gives %j", (text, given) => {
  expect(commandIn(text)).toEqual(given);
});

test("two slashes at the beginning are one in the text", () => {
  expect([textOf("//topic no"), textOf("a // b"), textOf("/x")]).toEqual([
    "/topic no",
    "a // b",
    "/x",
  ]);
});

test("what is begun is offered until a blank follows", () => {
  const all = ["me", "mute", "topic"].map((name) => ({ name, description: "", usage: "" }));
  const names = (text: string): string[] => offeredFor(text, all).map(({ name }) => name);
  expect([names("/"), names("/M"), names("/mute"), names("/mute "), names("mute")]).toEqual([
    ["me", "mute", "topic"],
    ["me", "mute"],
    ["mute"],
    [],
    [],
  ]);
});

test.each([
  ["", undefined],
  ["On holiday", { text: "On holiday" }],
  ["🌴 On holiday", { emoji: "🌴", text: "On holiday" }],
  ["👩🏽‍🚀", { emoji: "👩🏽‍🚀" }],
  ["🇯🇵東京", { emoji: "🇯🇵", text: "東京" }],
  ["2 of 3 🚲", { text: "2 of 3 🚲" }],
])("%j says the status %j", (written, status) => {
  expect(statusIn(written)).toEqual(status);
});
