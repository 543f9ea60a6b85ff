/** A text in Markdown as elements. Loaded when the first message that needs it is shown. */
import { type ReactNode, useMemo } from "react";
import { CodeBlock } from "./code-block.tsx";
import { Marked } from "./mention-marks.tsx";
import type { Node } from "./nodes.ts";
import { parseMarkdown } from "./parse.ts";
import { Spoiler } from "./spoiler.tsx";

/** Elements only, never HTML from a text: there is nothing to sanitise ([X1]). */
export function Markdown({ text }: { text: string }): ReactNode {
  const nodes = useMemo(() => parseMarkdown(text), [text]);
  return <div className="markdown">{nodes.map(draw)}</div>;
}

/** The pieces of one text never change their order, so their place is their key. */
function draw(node: Node, key: number): ReactNode {
  switch (node.kind) {
    case "text":
      return <Marked key={key} text={node.text} />;
    case "break":
      return <br key={key} />;
    case "rule":
      return <hr key={key} />;
    case "code":
      return (
        <code key={key} dir="ltr">
          {node.text}
        </code>
      );
    case "block":
      return <CodeBlock key={key} text={node.text} language={node.language} />;
    case "link":
      return (
        <a key={key} href={node.href} title={node.href} target="_blank" rel={rel}>
          {node.children.map(draw)}
        </a>
      );
    case "numbers":
      return (
        <ol key={key} start={node.start}>
          {node.children.map(draw)}
        </ol>
      );
    case "cell": {
      const Cell = node.isHead ? "th" : "td";
      return (
        <Cell key={key} className={node.align} dir="auto">
          {node.children.map(draw)}
        </Cell>
      );
    }
    case "table":
      return (
        // Wider than the message it scrolls by itself.
        <div key={key} className="table-scroll" role="group" tabIndex={0}>
          <table>{node.children.map(draw)}</table>
        </div>
      );
    case "spoiler":
      return <Spoiler key={key}>{node.children.map(draw)}</Spoiler>;
    default: {
      const Element = elements[node.kind];
      const isLine = node.kind === "paragraph" || node.kind === "item";
      return (
        <Element key={key} {...(isLine ? { dir: "auto" } : {})}>
          {node.children.map(draw)}
        </Element>
      );
    }
  }
}

const rel = "noopener noreferrer nofollow";

const elements = {
  paragraph: "p",
  // A message is no document: its headings are not those of the page.
  heading: "strong",
  strong: "strong",
  emphasis: "em",
  strike: "s",
  quote: "blockquote",
  bullets: "ul",
  item: "li",
  head: "thead",
  body: "tbody",
  row: "tr",
} as const;
