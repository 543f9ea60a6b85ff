import { expect, test } from "vitest";
import { createSearchTerms } from "./terms.ts";

const terms = createSearchTerms();

test.each([
  ["Hello, World! It's v2_beta.", "hello world it s v2_beta"],
  ["ＦＵＬＬ ｗｉｄｔｈ ﬁne", "full width fine"],
  ["Ärger STRASSE naïve", "ärger strasse naïve"],
  ["Привет, Мир", "привет мир"],
  ["", ""],
  ["🦊!?", ""],
])("%s becomes %s", (text, expected) => {
  expect(terms(text)).toBe(expected);
});

test.each([
  ["我们明天去北京大学", ["明天", "北京"]],
  ["東京都に住んでいます", ["東京"]],
  ["สวัสดีชาวโลก", ["โลก"]],
  ["안녕하세요 세계", ["세계"]],
])("words are found in %s, which has no blanks between them", (text, words) => {
  const found = terms(text).split(" ");
  expect(found.length).toBeGreaterThan(1);
  for (const word of words) expect(found.some((one) => one.startsWith(word))).toBe(true);
});
