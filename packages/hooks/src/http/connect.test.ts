import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock, HandshakeFacts, Report } from "@parlance/core";
import { ProtocolError } from "@parlance/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ConnectHookOptions, createConnectHook, signRequest } from "../index.ts";

const secret = "what-the-application-and-the-server-know";
const now = 1_764_201_600_500;
const facts: HandshakeFacts = {
  token: "pls_never_told",
  headers: { cookie: "PHPSESSID=abc", origin: "https://office.example" },
  url: "/wss?x=1",
  address: "203.0.113.7",
  dialect: "portico",
};

/** The application. */
let server: Server;
let url: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let asked: { readonly headers: IncomingMessage["headers"]; readonly body: string }[];
let reports: Parameters<Report>[];

beforeEach(async () => {
  asked = [];
  reports = [];
  answer = (_, response) => response.writeHead(204).end();
  server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      asked.push({ headers: request.headers, body });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/connect`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** What comes of a question: the user, or the code of the refusal. */
async function ask(more: Partial<ConnectHookOptions> = {}): Promise<unknown> {
  const hook = createConnectHook({
    url,
    secret,
    timeoutMs: 5_000,
    atOnce: 10,
    fallback: "refuse",
    clock: { now: () => now, monotonic: () => now } as Clock,
    report: (...line) => void reports.push(line),
    ...more,
  });
  try {
    return await hook.connect(facts);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.toWire();
  }
}

const says = (status: number, text: string): void => {
  answer = (_, response) => response.writeHead(status).end(text);
};

describe("what the application is asked", () => {
  test("everything that the handshake told but its token, signed together with the time", async () => {
    await ask();
    const [request] = asked;
    const { token: _, ...told } = facts;
    expect(JSON.parse(request?.body ?? "")).toEqual({ type: "connect", ...told });
    expect(request?.body).not.toContain("pls_never_told");
    expect(request?.headers["content-type"]).toBe("application/json");
    const mac = createHmac("sha256", secret).update(`1764201600.${request?.body}`).digest("hex");
    expect(request?.headers["parlance-signature"]).toBe(`t=1764201600,v1=${mac}`);
  });

  test("another secret, another time or another body is another signature", () => {
    const signed = signRequest(secret, 1, "{}");
    expect(signRequest(secret, 1, "{}")).toBe(signed);
    const macOf = (text: string): string => text.split("v1=")[1] ?? "";
    for (const other of [
      signRequest(`${secret}x`, 1, "{}"),
      signRequest(secret, 2, "{}"),
      signRequest(secret, 1, "{ }"),
    ]) {
      expect(macOf(other)).not.toBe(macOf(signed));
    }
  });
});

describe("what the application answers", () => {
  test.each([
    ['{"user_id": 123, "name": "Ann"}', { user: 123, name: "Ann" }],
    ['{"user_id": "ann"}', { user: "ann" }],
    ['{"user_id": "123"}', { user: "123" }],
    ['{"user_id": 5, "name": 7, "more": true}', { user: 5 }],
    ["{}", undefined],
    ["null", undefined],
    // What PHP makes of an empty array.
    ["[]", undefined],
  ])("200 %s", async (text, expected) => {
    says(200, text);
    expect(await ask()).toEqual(expected);
    expect(reports).toEqual([]);
  });

  test("204 is nobody, 401 and 403 are refusals, whatever the body", async () => {
    says(204, "");
    expect(await ask()).toBeUndefined();
    for (const status of [401, 403]) {
      says(status, '{"user_id": 1}');
      for (const fallback of ["refuse", "continue"] as const) {
        expect(await ask({ fallback })).toMatchObject({ code: "unauthenticated" });
      }
    }
    expect(reports).toEqual([]);
  });

  test.each([
    ["no JSON", 200, "Fatal error: …"],
    ["nothing", 200, ""],
    ["a text", 200, '"ann"'],
    ["an id that is no id", 200, '{"user_id": true}'],
    ["an empty id", 200, '{"user_id": ""}'],
    ["a fraction", 200, '{"user_id": 1.5}'],
    ["an id with a space", 200, '{"user_id": "a b"}'],
    ["a number too large", 200, '{"user_id": 9007199254740993}'],
    ["a failure", 500, '{"user_id": 1}'],
    ["a wrong address", 404, ""],
    ["another success", 201, '{"user_id": 1}'],
  ])("%s counts as none, and the log says so", async (_, status, text) => {
    says(status, text);
    expect(await ask()).toMatchObject({ code: "unavailable", details: { retry_after_ms: 1_000 } });
    expect(await ask({ fallback: "continue" })).toBeUndefined();
    const reason = status === 200 ? "answer not understood" : `status ${status}`;
    expect(reports).toEqual([
      ["warn", "hook_failed", { hook: "connect", reason, fallback: "refuse" }],
      ["warn", "hook_failed", { hook: "connect", reason, fallback: "continue" }],
    ]);
  });

  test("a redirect is not followed", async () => {
    const paths: (string | undefined)[] = [];
    answer = (request, response) => {
      paths.push(request.url);
      if (request.url === "/elsewhere") response.end('{"user_id": 1}');
      else response.writeHead(307, { location: "/elsewhere" }).end();
    };
    expect(await ask()).toMatchObject({ code: "unavailable" });
    expect(paths).toEqual(["/connect"]);
  });

  test("16 KiB are read, and of more nothing", async () => {
    const padded = (bytes: number): string => {
      const bare = '{"user_id":1,"pad":""}';
      return bare.replace('""', `"${"x".repeat(bytes - bare.length)}"`);
    };
    says(200, padded(16_384));
    expect(await ask()).toEqual({ user: 1 });
    says(200, padded(16_385));
    expect(await ask()).toMatchObject({ code: "unavailable" });
    expect(reports.at(-1)?.[2]).toMatchObject({ reason: "answer too long" });
  });

  test("an answer without end is let go of at once", async () => {
    let written = 0;
    const gone = new Promise<void>((resolve) => {
      answer = (_, response) => {
        response.writeHead(200);
        const more = (): void => {
          while (!response.destroyed && response.write("x".repeat(65_536))) written += 65_536;
        };
        response.on("drain", more);
        response.on("close", resolve);
        more();
      };
    });
    const since = performance.now();
    expect(await ask({ timeoutMs: 20_000 })).toMatchObject({ code: "unavailable" });
    await gone;
    expect(performance.now() - since).toBeLessThan(10_000);
    expect(written).toBeLessThan(64 * 1_048_576);
    expect(reports[0]?.[2]).toMatchObject({ reason: "answer too long" });
  });
});

describe("silence", () => {
  test.each([
    ["no answer", (): void => {}],
    [
      "an answer that begins and does not end",
      (response: ServerResponse): void => void response.writeHead(200).write('{"user_id"'),
    ],
  ])("%s within the time is a time-out", async (_, begin) => {
    answer = (_request, response) => begin(response);
    const since = performance.now();
    expect(await ask({ timeoutMs: 200 })).toMatchObject({ code: "unavailable" });
    expect(performance.now() - since).toBeGreaterThan(190);
    expect(await ask({ timeoutMs: 200, fallback: "continue" })).toBeUndefined();
    expect(reports.map(([, , fields]) => fields)).toMatchObject([
      { reason: "timeout" },
      { reason: "timeout" },
    ]);
  });

  test("nobody listens, or the line breaks", async () => {
    answer = (_, response) => response.destroy();
    expect(await ask()).toMatchObject({ code: "unavailable" });
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await ask({ url: `http://127.0.0.1:${port}/` })).toMatchObject({ code: "unavailable" });
    expect(reports.map(([, , fields]) => fields)).toMatchObject([
      { reason: "unreachable" },
      { reason: "unreachable" },
    ]);
  });
});
