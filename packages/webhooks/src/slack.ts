/**
 * Messages as Slack's incoming webhooks take them, as messages here: `text`, `attachments` and `blocks` become one text, in the order in
 * which Slack shows them. What a text cannot say is named, so that nobody takes it for all.
 */
import { plainEntities, plainSlack } from "./slack-text.ts";

/** What a message of Slack's says here. */
export interface SlackMessage {
  readonly text: string;
  /** Without `#`. */
  readonly channel?: string;
  /** Who wants to be seen as its author; told beside the message. */
  readonly username?: string;
}

/** What is wrong with a request, in Slack's words. */
export type SlackRefusal = "invalid_payload" | "no_text";

type Members = Readonly<Record<string, unknown>>;

/** More of either is refused, as there. */
const maxParts = 100;
/** How deep rich text may be nested. */
const maxDepth = 8;

/**
 * Reads the body of a request.
 *
 * @param contentType JSON, or a form with the JSON in its field `payload`; without one, JSON.
 */
export function readSlack(
  contentType: string | undefined,
  body: string,
): SlackMessage | SlackRefusal {
  const isForm = contentType?.startsWith("application/x-www-form-urlencoded") === true;
  const json = isForm ? new URLSearchParams(body).get("payload") : body;
  if (json === null) return "invalid_payload";
  let payload: unknown;
  try {
    payload = JSON.parse(json);
  } catch {
    return "invalid_payload";
  }
  if (!isMembers(payload)) return "invalid_payload";
  const { attachments = [], blocks = [], channel, username } = payload;
  if (!isList(attachments) || !isList(blocks)) return "invalid_payload";
  if (payload["text"] !== undefined && typeof payload["text"] !== "string")
    return "invalid_payload";
  const said = marked(payload, "text");
  // Beside blocks the text is for those who cannot show them.
  const main = blocks.length === 0 ? said : blocksText(blocks) || said;
  const text = lines([main, ...attachments.map(attachmentText)]);
  if (text.trim() === "") return "no_text";
  return {
    text,
    ...(typeof channel === "string" && channel !== ""
      ? { channel: channel.replace(/^#/, "") }
      : {}),
    ...(typeof username === "string" && username !== "" ? { username: username.slice(0, 80) } : {}),
  };
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value: unknown): value is readonly Members[] {
  return Array.isArray(value) && value.length <= maxParts && value.every(isMembers);
}

function lines(parts: readonly string[], between = "\n"): string {
  return parts.filter((part) => part !== "").join(between);
}

function textIn(members: Members, name: string): string {
  const value = members[name];
  return typeof value === "string" ? value : "";
}

/** A text that is marked up, unless its message says that it is not. */
function marked(members: Members, name: string): string {
  const text = textIn(members, name);
  return members["mrkdwn"] === false ? plainEntities(text) : plainSlack(text);
}

function linked(text: string, address: string): string {
  if (address === "" || address === text) return text;
  return text === "" ? address : `${text} (${address})`;
}

// --- Attachments ------------------------------------------------------------------------------------

function attachmentText(attachment: Members): string {
  const { fields = [], blocks = [] } = attachment;
  const pairs = isList(fields)
    ? fields.map((field) =>
        lines([plainSlack(textIn(field, "title")), plainSlack(textIn(field, "value"))], ": "),
      )
    : [];
  const shown = lines([
    plainSlack(textIn(attachment, "pretext")),
    linked(plainSlack(textIn(attachment, "author_name")), textIn(attachment, "author_link")),
    linked(plainSlack(textIn(attachment, "title")), textIn(attachment, "title_link")),
    plainSlack(textIn(attachment, "text")),
    ...pairs,
    isList(blocks) ? blocksText(blocks) : "",
    textIn(attachment, "image_url"),
    plainSlack(textIn(attachment, "footer")),
  ]);
  return shown === "" ? plainSlack(textIn(attachment, "fallback")) : shown;
}

// --- Blocks -----------------------------------------------------------------------------------------

function blocksText(blocks: readonly Members[]): string {
  return lines(blocks.map(blockText));
}

function blockText(block: Members): string {
  const { fields = [], elements = [], accessory } = block;
  switch (block["type"]) {
    case "section":
      return lines([
        textObject(block["text"]),
        ...(isList(fields) ? fields.map(textObject) : []),
        isMembers(accessory) ? elementText(accessory) : "",
      ]);
    case "header":
      return textObject(block["text"]);
    case "divider":
      return "---";
    case "image":
      return elementText(block);
    case "context":
      return isList(elements) ? lines(elements.map(elementText), " ") : "";
    case "actions":
      return isList(elements) ? lines(elements.map(elementText), " ") : "";
    case "rich_text":
      return isList(elements) ? lines(elements.map((element) => richText(element, 0))) : "";
    default:
      return `[${textIn(block, "type") || "block"}]`;
  }
}

function textObject(value: unknown): string {
  if (!isMembers(value)) return "";
  const text = textIn(value, "text");
  return value["type"] === "plain_text" ? plainEntities(text) : plainSlack(text);
}

function elementText(element: Members): string {
  switch (element["type"]) {
    case "plain_text":
    case "mrkdwn":
      return textObject(element);
    case "image": {
      const title = textObject(element["title"]);
      return linked(
        title === "" ? textIn(element, "alt_text") : title,
        textIn(element, "image_url"),
      );
    }
    case "button":
      return `[${linked(textObject(element["text"]), textIn(element, "url"))}]`;
    default:
      return `[${textIn(element, "type") || "element"}]`;
  }
}

function richText(element: Members, depth: number): string {
  if (depth > maxDepth) return "[…]";
  const { elements = [] } = element;
  const parts = isList(elements) ? elements.map((part) => richText(part, depth + 1)) : [];
  switch (element["type"]) {
    case "rich_text_section":
      return parts.join("");
    case "rich_text_preformatted":
      return `\`\`\`\n${parts.join("")}\n\`\`\``;
    case "rich_text_quote":
      return parts.join("").replace(/^/gm, "> ");
    case "rich_text_list":
      return parts
        .map((part, n) => `${element["style"] === "ordered" ? `${n + 1}.` : "-"} ${part}`)
        .join("\n");
    case "text":
      return textIn(element, "text");
    case "link":
      return linked(textIn(element, "text"), textIn(element, "url"));
    case "emoji":
      return `:${textIn(element, "name")}:`;
    case "user":
      return `@${textIn(element, "user_id")}`;
    case "channel":
      return `#${textIn(element, "channel_id")}`;
    case "usergroup":
      return "@group";
    case "broadcast":
      return `@${textIn(element, "range")}`;
    case "date":
      return textIn(element, "fallback");
    default:
      return `[${textIn(element, "type") || "element"}]`;
  }
}
