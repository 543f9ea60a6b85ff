import { describe, expect, test } from "vitest";
import { readSlack } from "./slack.ts";

const read = (payload: unknown) => readSlack("application/json", JSON.stringify(payload));
const textOf = (payload: unknown): unknown => (read(payload) as { text?: string }).text;

describe("[HOOK-IN-2] a text of Slack's", () => {
  test.each([
    ["plain", "Hello\nthere", "Hello\nthere"],
    ["an address", "see <https://a.example/x?a=1&amp;b=2>", "see https://a.example/x?a=1&b=2"],
    ["an address with words", "<https://a.example|the site>", "the site (https://a.example)"],
    ["an address as its own words", "<https://a.example|https://a.example>", "https://a.example"],
    ["mail", "<mailto:bob@a.example|bob@a.example>", "bob@a.example"],
    ["entities, once", "a &lt; b &amp;amp; c &gt; d", "a < b &amp; c > d"],
    ["what only looks like an address", "1 &lt;2|3&gt; 4", "1 <2|3> 4"],
    ["somebody", "<@U123> <@U123|ada>", "@U123 @ada"],
    ["a channel", "<#C1> <#C1|ops>", "#C1 #ops"],
    ["everybody", "<!here> <!channel> <!everyone>", "@here @channel @everyone"],
    ["a group", "<!subteam^S1|@oncall>", "@oncall"],
    ["a date", "<!date^1392734382^{date}|18 Feb 2014>", "18 Feb 2014"],
    ["marks", "*bold* _it_ ~no~ `code`", "*bold* _it_ ~no~ `code`"],
  ])("%s", (_, text, expected) => {
    expect(textOf({ text })).toBe(expected);
  });

  test("without marks is taken as it is, but for its entities", () => {
    expect(textOf({ text: "<https://a.example|x> &amp;", mrkdwn: false })).toBe(
      "<https://a.example|x> &",
    );
  });
});

describe("[HOOK-IN-2] attachments and blocks", () => {
  test("attachments come behind the text, with everything that they show", () => {
    const attachment = {
      fallback: "not shown",
      pretext: "before",
      author_name: "CI",
      title: "Build 7",
      title_link: "https://ci.example/7",
      text: "failed in <https://ci.example/7/log|its log>",
      fields: [
        { title: "Branch", value: "main", short: true },
        { title: "By", value: "<@U1|ada>" },
      ],
      image_url: "https://ci.example/7.png",
      footer: "ci.example",
    };
    expect(textOf({ text: "Oh", attachments: [attachment, { fallback: "only this" }] })).toBe(
      [
        "Oh",
        "before",
        "CI",
        "Build 7 (https://ci.example/7)",
        "failed in its log (https://ci.example/7/log)",
        "Branch: main",
        "By: @ada",
        "https://ci.example/7.png",
        "ci.example",
        "only this",
      ].join("\n"),
    );
  });

  test("blocks stand in place of the text, and what cannot be said is named", () => {
    const blocks = [
      { type: "header", text: { type: "plain_text", text: "A &amp; B <x>" } },
      {
        type: "section",
        text: { type: "mrkdwn", text: "<https://a.example|a>" },
        fields: [{ type: "mrkdwn", text: "*one*" }],
        accessory: { type: "datepicker" },
      },
      { type: "divider" },
      { type: "image", alt_text: "a cat", image_url: "https://a.example/cat.png" },
      { type: "context", elements: [{ type: "plain_text", text: "small" }] },
      {
        type: "actions",
        elements: [
          { type: "button", text: { type: "plain_text", text: "Open" }, url: "https://a.example" },
        ],
      },
      {
        type: "rich_text",
        elements: [
          {
            type: "rich_text_section",
            elements: [
              { type: "text", text: "hi " },
              { type: "emoji", name: "wave" },
            ],
          },
          {
            type: "rich_text_list",
            style: "ordered",
            elements: [
              { type: "rich_text_section", elements: [{ type: "text", text: "first" }] },
              { type: "rich_text_section", elements: [{ type: "link", url: "https://b.example" }] },
            ],
          },
          { type: "rich_text_quote", elements: [{ type: "text", text: "q1\nq2" }] },
        ],
      },
      { type: "video" },
    ];
    expect(textOf({ text: "for notifications", blocks })).toBe(
      [
        "A & B <x>",
        "a (https://a.example)",
        "*one*",
        "[datepicker]",
        "---",
        "a cat (https://a.example/cat.png)",
        "small",
        "[Open (https://a.example)]",
        "hi :wave:",
        "1. first",
        "2. https://b.example",
        "> q1",
        "> q2",
        "[video]",
      ].join("\n"),
    );
  });
});

describe("[HOOK-IN-1] a request", () => {
  test("may be a form with the payload in a field, and say who and where", () => {
    const payload = JSON.stringify({
      text: "a+b & c",
      channel: "#ops",
      username: "CI",
      icon_emoji: ":x:",
    });
    const form = new URLSearchParams({ payload }).toString();
    expect(readSlack("application/x-www-form-urlencoded; charset=utf-8", form)).toEqual({
      text: "a+b & c",
      channel: "ops",
      username: "CI",
    });
  });

  test.each([
    ["nothing", undefined, "", "invalid_payload"],
    ["half of something", "application/json", '{"text":', "invalid_payload"],
    ["a list", "application/json", "[]", "invalid_payload"],
    ["a text that is none", "application/json", '{"text":1}', "invalid_payload"],
    ["attachments that are none", "application/json", '{"attachments":{}}', "invalid_payload"],
    [
      "too many blocks",
      "application/json",
      JSON.stringify({ blocks: Array(101).fill({}) }),
      "invalid_payload",
    ],
    ["a form without the field", "application/x-www-form-urlencoded", "text=x", "invalid_payload"],
    ["no text", "application/json", "{}", "no_text"],
    ["blanks", "application/json", '{"text":"  \\n"}', "no_text"],
  ])("of %s is refused in Slack's words", (_, type, body, refusal) => {
    expect(readSlack(type, body)).toBe(refusal);
  });

  test("[R6] whose text is made to be slow, or nested without end, is read at once", () => {
    const before = performance.now();
    expect(textOf({ text: "<".repeat(50_000) })).toBeDefined();
    expect(textOf({ text: `${"<a|".repeat(20_000)}>` })).toBeDefined();
    let element: object = { type: "text", text: "deep" };
    for (let n = 0; n < 1_000; n += 1) element = { type: "rich_text_section", elements: [element] };
    expect(textOf({ blocks: [{ type: "rich_text", elements: [element] }] })).toBe("[…]");
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});
