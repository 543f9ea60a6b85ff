import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Node } from "./nodes.ts";
import { parseMarkdown } from "./parse.ts";

const childrenOf = (node: Node): readonly Node[] => ("children" in node ? node.children : []);
const all = (nodes: readonly Node[]): readonly Node[] =>
  nodes.flatMap((node) => [node, ...all(childrenOf(node))]);
const linksIn = (text: string): readonly string[] =>
  all(parseMarkdown(text)).flatMap((node) => (node.kind === "link" ? [node.href] : []));
const textIn = (nodes: readonly Node[]): string =>
  nodes
    .map((node) =>
      node.kind === "text" || node.kind === "code" || node.kind === "block"
        ? node.text
        : textIn(childrenOf(node)),
    )
    .join("");
const kindsIn = (text: string): ReadonlySet<string> =>
  new Set(all(parseMarkdown(text)).map((node) => node.kind));

describe("marks", () => {
  test.each([
    ["**a** _b_ ~~c~~ `d`", ["strong", "emphasis", "strike", "code"]],
    ["- a\n- b", ["bullets", "item"]],
    ["3. a", ["numbers", "item"]],
    ["> a", ["quote"]],
    ["| a |\n|---|\n| b |", ["table", "head", "body", "row", "cell"]],
    ["```ts\nlet a\n```", ["block"]],
    ["# a", ["heading"]],
    ["a\nb", ["break"]],
    ["a ||b|| c", ["spoiler"]],
  ])("%j", (text, kinds) => {
    const found = kindsIn(text);
    expect(kinds.filter((kind) => !found.has(kind))).toEqual([]);
  });

  test("what would hide or change a text stays as it was written", () => {
    for (const text of [
      "<b>a</b>",
      "a &amp; b &lt;",
      "a ||b",
      "|| ||||",
      "(c) ... --",
      "snake_case_name",
    ]) {
      expect(textIn(parseMarkdown(text)), text).toBe(text);
    }
    expect(textIn(parseMarkdown("[a]: https://example.org 'title'"))).toContain("[a]:");
    expect(kindsIn("    not code").has("block")).toBe(false);
    expect(kindsIn("a\n---\nb").has("heading")).toBe(false);
  });

  test("code keeps what would be marks elsewhere", () => {
    expect(textIn(parseMarkdown("`**a** ||b||`"))).toBe("**a** ||b||");
    expect(kindsIn("`||a||`").has("spoiler")).toBe(false);
    expect(kindsIn("||`b`||").has("spoiler")).toBe(true);
  });
});

describe("[X2] addresses", () => {
  test.each([
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x)",
    "[x](//evil.example)",
    "[x](file:///etc/passwd)",
    "<javascript:alert(1)>",
    "javascript:alert(1)",
    "![x](javascript:alert(1))",
  ])("%j is no link", (text) => {
    expect(linksIn(text)).toEqual([]);
  });

  test("http, https and mailto are", () => {
    expect(linksIn("https://a.example/x_(y). [b](http://b.example) <mailto:c@d.example>")).toEqual([
      "https://a.example/x_(y)",
      "http://b.example/",
      "mailto:c@d.example",
    ]);
    expect(linksIn("readme.md example.org a@b.example")).toEqual([]);
  });

  test("what stands before an @ leads nowhere else than it says", () => {
    expect(linksIn("[x](https://bank.example@evil.example/)")).toEqual(["https://bank.example/"]);
  });

  test("of whatever is written, every address that comes out is safe", () => {
    const signs = ["[", "]", "(", ")", "<", ">", "javascript:", "data:", "https://", "//", "@"];
    const pieces = fc.constantFrom(...signs, "\\", "&#106;", "a", " ", "\n", "!", "`", "|");
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 24 }), (parts) => {
        for (const href of linksIn(parts.join(""))) {
          expect(["http:", "https:", "mailto:"]).toContain(new URL(href).protocol);
        }
      }),
    );
  });
});

describe("[X4] texts made to hurt", () => {
  const long = 16_384;
  const depth = (nodes: readonly Node[]): number =>
    nodes.length === 0 ? 0 : 1 + Math.max(...nodes.map((node) => depth(childrenOf(node))));
  test.each([
    ["stars", "*".repeat(long)],
    ["brackets", "[".repeat(long)],
    ["quotes", ">".repeat(long)],
    ["ticks", "`".repeat(long)],
    ["spoilers", "||".repeat(long / 2)],
    ["fences", "```\n".repeat(long / 4)],
    ["lists", `${"- ".repeat(200)}a`],
    ["half emphasis", "_a ".repeat(long / 3)],
    ["an address", `https://example.org/${"a".repeat(long)}`],
    ["a table", "|a".repeat(long / 2)],
  ])("%s are read whole, no deeper than is bounded", (_, text) => {
    const nodes = parseMarkdown(text);
    expect(all(nodes).length).toBeLessThanOrEqual(2 * text.length + 2);
    expect(depth(nodes)).toBeLessThan(64);
  });
});
