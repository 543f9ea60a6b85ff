import { type ClientScriptOptions, getClientScript } from "@parlance/publisher";
import { Random } from "@parlance/testkit/simulation";
import { describe, expect } from "vitest";
import { requires } from "../requirements.ts";
import { Caller, libraries } from "./languages.ts";

const token = "aaa.bbb.ccc";
type Row = readonly [string, ClientScriptOptions];

/** What applications give. */
const ordinary: readonly Row[] = [
  ["ws://localhost:8080", { token }],
  ["ws://localhost:8080", { token, reconnect: false, reconnectDelay: 500 }],
  ["wss://chat.example/ws/?x=1#y", { token, features: { chat: false, notifications: true } }],
  ["WSS://Chat.Example:443", { token, features: {} }],
  ["ws://chat.example:80/", { token, reconnectDelay: 0.5 }],
  ["ws://127.0.0.1:9000", { token, scriptUrl: "/static/client.js?v=1&w=2" }],
  ["ws://[::1]:8080/a", { token, scriptUrl: "https://cdn.example/client.js" }],
  ["wss://[2001:DB8:0:0:1:0:0:1]", { token }],
  ["ws://under_score.example.", { token }],
];

/** What must stay a value. */
const hostile: readonly Row[] = [
  "</script><script>alert(1)</script>",
  "<!--<script>",
  "' onerror='alert(1)",
  '" onload="alert(1)',
  "a\u2028b\u2029c",
  "&lt;/script&gt; &#39;",
  "\u0000 \b \f \u001f \u007f \\ / \n \r \t",
  "wörld 👋",
].flatMap((text): Row[] => [
  ["ws://localhost:8080", { token: text }],
  [`ws://localhost:8080/${text.replace(/[\u0000-\u001f]/g, "")}`, { token: text }],
  ["ws://localhost", { token, scriptUrl: `/client.js?${text.replace(/[\u0000-\u001f]/g, "")}` }],
]);

const refused: readonly Row[] = [
  ["javascript:alert(1)", { token }],
  ["http://localhost:8080", { token }],
  ["/ws", { token }],
  ["ws://user:password@localhost:8080", { token }],
  ["ws://localhost:65536", { token }],
  ["ws://localhost", { token, scriptUrl: "/\t/elsewhere.example/x.js" }],
  ["ws://1.2.3", { token, reconnectDelay: -1 }],
  ["ws://999.1.1.1", { token }],
  ["ws://h", { token, reconnectDelay: -1 }],
  ["ws://h", { token, scriptUrl: "javascript:alert(1)" }],
  ["ws://h", { token, scriptUrl: "data:text/javascript,1" }],
  ["ws://h", { token, scriptUrl: "//elsewhere.example/x.js" }],
  ["ws://h", { token, scriptUrl: "/\\elsewhere" }],
  ["ws://h", { token, scriptUrl: "x.js" }],
];

function ofNode([url, options]: Row): string | undefined {
  try {
    return getClientScript(url, options);
  } catch {
    return undefined;
  }
}

describe.each(libraries)("the script element of %s", (...library) => {
  requires(library[0])(
    "[MMB-09] [MMB-18] [MMB-19] is the Node library's, byte for byte",
    async () => {
      const caller = new Caller(library);
      for (const row of [...ordinary, ...hostile]) {
        const expected = ofNode(row);
        expect(expected).toBeDefined();
        expect([row, await caller.call("script", ...row)]).toEqual([row, { ok: expected }]);
      }
      await caller.close();
    },
  );

  requires(library[0])("[MMB-22] refuses what the Node library refuses", async () => {
    const caller = new Caller(library);
    for (const row of refused) {
      expect([row, ofNode(row)]).toEqual([row, undefined]);
      expect([row, (await caller.call("script", ...row)).invalid]).toEqual([
        row,
        expect.any(String),
      ]);
    }
    await caller.close();
  });

  requires(library[0])("of any address: the same element, or none", async () => {
    const random = new Random(7);
    const pieces =
      "ws: wss: http: // / \\ @ : 80 443 65536 0 1 127.1 0x7f . a B -b _ [ ] ::1 ? # % %41 é ' \" < & \t".split(
        " ",
      );
    const caller = new Caller(library);
    let agreed = 0;
    for (let round = 0; round < 3_000; round += 1) {
      const scheme = random.pick(["ws://", "wss://", ""]);
      const rest = Array.from({ length: random.between(1, 6) }, () => random.pick(pieces)).join("");
      const row: Row = [scheme + rest, { token }];
      const { ok } = await caller.call("script", ...row);
      if (ok === undefined) continue;
      agreed += 1;
      expect([row[0], ok]).toEqual([row[0], ofNode(row)]);
    }
    expect(agreed).toBeGreaterThan(100);
    await caller.close();
  });
});
