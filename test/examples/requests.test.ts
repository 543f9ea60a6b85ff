/** The helpers of three languages tell the server's requests from everybody else's, and agree. */
import { signRequest } from "@parlance/hooks";
import { verifyRequest } from "@parlance/publisher";
import { describe, expect, test } from "vitest";
import { requires } from "../requirements.ts";
import { Caller, libraries } from "./languages.ts";

const secret = "what-server-and-application-share-7f3a9c";
const body = '{"type":"rpc","user":{"id":"wörld 👋"}}';
const now = (): number => Math.floor(Date.now() / 1_000);

/** Given, whether it is genuine. */
type Row = readonly [string, boolean, readonly [string, string, string, number?]];
function rows(): readonly Row[] {
  const signed = signRequest(secret, now(), body);
  return [
    ["as it came", true, [secret, signed, body]],
    ["an empty body", true, [secret, signRequest(secret, now(), ""), ""]],
    ["a clock that is behind", true, [secret, signRequest(secret, now() - 250, body), body]],
    ["a clock that is ahead", true, [secret, signRequest(secret, now() + 250, body), body]],
    [
      "an old one, for who takes old ones",
      true,
      [secret, signRequest(secret, 1, body), body, 2 ** 40],
    ],
    ["an old one", false, [secret, signRequest(secret, now() - 400, body), body]],
    ["one of the future", false, [secret, signRequest(secret, now() + 400, body), body]],
    ["another secret", false, ["another", signed, body]],
    ["another body", false, [secret, signed, body.replace("rpc", "RPC")]],
    ["another time", false, [secret, signed.replace(/t=\d+/, `t=${now() + 1}`), body]],
    ["no header", false, [secret, "", body]],
    ["no signature", false, [secret, `t=${now()},v1=`, body]],
    ["half a signature", false, [secret, signed.slice(0, -32), body]],
    ["a second signature", false, [secret, `${signed},v1=${"0".repeat(64)}`, body]],
    ["a line behind it", false, [secret, `${signed}\n`, body]],
    ["capitals", false, [secret, signed.toUpperCase(), body]],
    ["a time that is none", false, [secret, signed.replace(/t=\d+/, "t=-1"), body]],
  ];
}

test("[HOOK-6] Node tells the server's requests from others", () => {
  for (const [name, isGenuine, given] of rows()) {
    expect([name, verifyRequest(...given)]).toEqual([name, isGenuine]);
  }
  expect(verifyRequest(secret, undefined, body)).toBe(false);
  expect(verifyRequest(secret, ["a", "b"], body)).toBe(false);
  expect(() => verifyRequest("", "", "")).toThrow(TypeError);
});

describe.each(libraries)("%s", (interpreter, driver) => {
  requires(interpreter)(
    "[HOOK-6] tells the server's requests from others, as Node does",
    async () => {
      const caller = new Caller([interpreter, driver]);
      try {
        for (const [name, isGenuine, given] of rows()) {
          expect([name, await caller.call("verify", ...given)]).toEqual([name, { ok: isGenuine }]);
        }
        expect(await caller.call("verify", "", "", "")).toHaveProperty("invalid");
      } finally {
        await caller.close();
      }
    },
  );
});
