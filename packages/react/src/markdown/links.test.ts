import { describe, expect, test } from "vitest";
import { findLinks } from "./links.ts";

const hrefs = (text: string): readonly string[] =>
  findLinks(text).flatMap((piece) => (piece.kind === "link" ? [piece.href] : []));

describe("links in messages", () => {
  test("[X2] only http and https become links", () => {
    for (const text of [
      "javascript:alert(1)",
      "[x](javascript:alert(1))",
      "java\tscript:alert(1)",
      "data:text/html,<script>alert(1)</script>",
      "vbscript:msgbox(1)",
      "//example.org/x",
      "file:///etc/passwd",
      "&#106;avascript:alert(1)",
      "http://",
      "https://user@example.org/",
    ]) {
      expect(hrefs(text), text).toEqual([]);
    }
    expect(hrefs("see https://example.org/a?b=c#d and HTTP://example.org")).toEqual([
      "https://example.org/a?b=c#d",
      "http://example.org/",
    ]);
  });

  test("[X1] markup is text, and an address ends before it", () => {
    const text = 'https://example.org/"><img src=x onerror=alert(1)>';
    expect(hrefs(text)).toEqual(["https://example.org/"]);
    expect(
      findLinks(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
  });

  test("punctuation of the sentence is not part of an address, its own brackets are", () => {
    expect(hrefs("(see https://example.org/a).")).toEqual(["https://example.org/a"]);
    expect(hrefs("https://example.org/a_(b), really?")).toEqual(["https://example.org/a_(b)"]);
  });

  test("the pieces together are the text", () => {
    for (const text of ["", "plain", "a https://example.org. b http://x.y/z) c", "https://"]) {
      expect(
        findLinks(text)
          .map((piece) => piece.text)
          .join(""),
      ).toBe(text);
    }
  });

  test("[X4] long texts are cut in linear time", () => {
    const began = performance.now();
    for (const text of [
      `https://example.org/${")".repeat(16_000)}`,
      "https://".repeat(2_000),
      `https://example.org/${"(".repeat(16_000)}`,
      "*".repeat(16_384),
    ]) {
      findLinks(text);
    }
    expect(performance.now() - began).toBeLessThan(500);
  });
});
