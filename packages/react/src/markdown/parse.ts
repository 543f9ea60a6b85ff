/**
 * From a text in Markdown to a tree. CommonMark with tables, strike-through, bare addresses and `||spoilers||`; a line
 * break is one. Left out on purpose, so that people see what they wrote: HTML, images, entities, indented code,
 * underlined headings, and references, which would hide text.
 */
import MarkdownIt, { type MarkdownIt as Parser, type Token } from "markdown-it";
import { hrefOf } from "./links.ts";
import type { Node, Plain } from "./nodes.ts";

/** Quotes and lists within each other; deeper ones are text. */
const mostNested = 20;

const markdown = createMarkdown();

function createMarkdown(): Parser {
  const made = new MarkdownIt("default", {
    html: false,
    linkify: true,
    breaks: true,
    maxNesting: mostNested,
  });
  made.disable([
    "html_block",
    "html_inline",
    "image",
    "reference",
    "entity",
    "code",
    "lheading",
    "replacements",
    "smartquotes",
  ]);
  // Only what says so is an address: `readme.md` is a file.
  made.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
  made.linkify.add("ftp:", null).add("//", null);
  // Security [X2]: the last word on every address, after the parser has decoded it. The rest stays text.
  made.validateLink = (address) => hrefOf(address) !== undefined;
  return made;
}

/** The tree of a text. Never throws; every character that is not a sign of Markdown is in it. */
export function parseMarkdown(text: string): readonly Node[] {
  return treeOf(markdown.parse(text, {}));
}

/** An element that is not closed yet. */
interface Open {
  readonly make: (children: readonly Node[]) => Node;
  readonly children: Node[];
}

function treeOf(tokens: readonly Token[]): readonly Node[] {
  const root: Node[] = [];
  const open: Open[] = [];
  const add = (node: Node): void => {
    (open.at(-1)?.children ?? root).push(node);
  };
  for (const token of tokens) {
    // Of a list whose items are one line each.
    if (token.hidden) continue;
    if (token.nesting === 1) {
      open.push({ make: makerOf(token), children: [] });
    } else if (token.nesting === -1) {
      const done = open.pop();
      if (done !== undefined) add(done.make(done.children));
    } else if (token.type === "inline") {
      for (const node of withSpoilers(treeOf(token.children ?? []))) add(node);
    } else {
      add(leafOf(token));
    }
  }
  return root;
}

function leafOf(token: Token): Node {
  switch (token.type) {
    case "softbreak":
    case "hardbreak":
      return { kind: "break" };
    case "hr":
      return { kind: "rule" };
    case "code_inline":
      return { kind: "code", text: token.content };
    case "fence":
      return {
        kind: "block",
        text: token.content.replace(/\n$/, ""),
        language: (token.info.trim().split(/\s+/)[0] ?? "").toLowerCase(),
      };
    default:
      return { kind: "text", text: token.content };
  }
}

const plain: Readonly<Record<string, Plain>> = {
  paragraph_open: "paragraph",
  heading_open: "heading",
  strong_open: "strong",
  em_open: "emphasis",
  s_open: "strike",
  blockquote_open: "quote",
  bullet_list_open: "bullets",
  list_item_open: "item",
  table_open: "table",
  thead_open: "head",
  tbody_open: "body",
  tr_open: "row",
};

function makerOf(token: Token): Open["make"] {
  switch (token.type) {
    case "link_open": {
      const href = hrefOf(String(token.attrGet("href") ?? ""));
      return (children) =>
        href === undefined ? { kind: "strong", children } : { kind: "link", href, children };
    }
    case "ordered_list_open": {
      const start = Number(token.attrGet("start") ?? 1);
      return (children) => ({ kind: "numbers", start, children });
    }
    case "th_open":
    case "td_open": {
      const style = String(token.attrGet("style") ?? "");
      const align = style.endsWith("center") ? "center" : style.endsWith("right") ? "end" : "start";
      const isHead = token.type === "th_open";
      return (children) => ({ kind: "cell", isHead, align, children });
    }
    default: {
      const kind = plain[token.type] ?? "paragraph";
      return (children) => ({ kind, children });
    }
  }
}

/** Makes what stands between `||` and `||` a spoiler. Code between them belongs to it, code with them in it is code. */
function withSpoilers(nodes: readonly Node[]): readonly Node[] {
  const pieces = nodes.flatMap((node) => (node.kind === "text" ? cutAtSigns(node.text) : [node]));
  const result: Node[] = [];
  for (let index = 0; index < pieces.length; index += 1) {
    const piece = pieces[index];
    if (piece === undefined) continue;
    if (piece !== sign) {
      result.push(piece);
      continue;
    }
    const end = pieces.indexOf(sign, index + 1);
    const between = pieces.slice(index + 1, end);
    if (end < 0 || between.every(isBlank)) {
      result.push(piece);
      // No later one has an end either.
      if (end < 0) {
        result.push(...pieces.slice(index + 1));
        break;
      }
      continue;
    }
    result.push({ kind: "spoiler", children: between });
    index = end;
  }
  return result;
}

function isBlank(node: Node): boolean {
  return node.kind === "break" || (node.kind === "text" && node.text.trim() === "");
}

const sign: Node = { kind: "text", text: "||" };

function cutAtSigns(text: string): readonly Node[] {
  const parts = text.split("||");
  return parts.flatMap((part, index) => [
    ...(index === 0 ? [] : [sign]),
    ...(part === "" ? [] : [{ kind: "text", text: part } as const]),
  ]);
}
