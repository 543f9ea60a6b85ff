import { describe, expect, test } from "vitest";
import { getClientScript } from "./index.ts";

/** What a browser reads from the element: the attributes' values. */
function read(element: string): { readonly source: string; readonly options: unknown } {
  const match = /^<script src="([^"<>]*)" data-options='([^'<>&]*)'><\/script>$/.exec(element);
  if (match === null) throw new Error(`not one element: ${element}`);
  const source = (match[1] ?? "").replace(/&#(\d+);/g, (_, code: string) =>
    String.fromCharCode(Number(code)),
  );
  return { source, options: JSON.parse(match[2] ?? "") };
}

describe("getClientScript", () => {
  test("[MMB-09] puts address, token and reconnect options into one element", () => {
    const element = getClientScript("ws://localhost:8080", {
      token: "aaa.bbb.ccc",
      reconnect: false,
      reconnectDelay: 500,
    });
    expect(read(element)).toEqual({
      source: "http://localhost:8080/mmb/client.js",
      options: {
        url: "ws://localhost:8080",
        token: "aaa.bbb.ccc",
        reconnect: false,
        reconnectDelay: 500,
      },
    });
  });

  test("[MMB-18] returns by itself after three seconds unless told otherwise", () => {
    const { options } = read(getClientScript("wss://chat.example/ws/", { token: "t" }));
    expect(options).toMatchObject({ reconnect: true, reconnectDelay: 3_000 });
  });

  test("[MMB-21] the token is in no address, and a secure socket has a secure script", () => {
    const element = getClientScript("wss://chat.example/ws/?x=1", { token: "tok-1" });
    const { source } = read(element);
    expect(source).toBe("https://chat.example/mmb/client.js");
    expect(element.split("tok-1").length).toBe(2);
  });

  test("[MMB-19] hands on which features are on", () => {
    const { options } = read(
      getClientScript("ws://h", { token: "t", features: { chat: false, notifications: true } }),
    );
    expect(options).toMatchObject({ features: { chat: false, notifications: true } });
  });

  test.each([
    ["</script><script>alert(1)</script>"],
    ["<!--<script>"],
    ["]]>"],
    ["' onerror='alert(1)"],
    ['" onload="alert(1)'],
    ["a\u2028b\u2029c"],
    ["&lt;/script&gt; &#39;"],
    ["\u0000 \\ \n \t"],
    ["\ud800 lonely"],
    ["wörld 👋"],
  ])("[MMB-09] %j in a token stays a value", (token) => {
    const element = getClientScript("ws://localhost:8080", { token });
    expect(read(element).options).toMatchObject({ token });
    expect(element).not.toMatch(/[\u2028\u2029\u0000]/);
  });

  test("hostile addresses stay values too", () => {
    const url = `ws://localhost:8080/'"></script><!--\u2028`;
    const scriptUrl = `/client.js?"'><script>&amp;`;
    expect(read(getClientScript(url, { token: "t", scriptUrl }))).toMatchObject({
      source: scriptUrl,
      options: { url },
    });
  });

  test.each([
    ["javascript:alert(1)"],
    ["http://localhost:8080"],
    ["/ws"],
    ["ws://user:password@localhost:8080"],
  ])("refuses %s as an address", (url) => {
    expect(() => getClientScript(url, { token: "t" })).toThrow(TypeError);
  });

  test.each([
    ["javascript:alert(1)"],
    ["data:text/javascript,1"],
    ["//elsewhere.example/x.js"],
    ["/\\elsewhere"],
    ["x.js"],
  ])("refuses to load a script from %s", (scriptUrl) => {
    expect(() => getClientScript("ws://h", { token: "t", scriptUrl })).toThrow(TypeError);
  });

  test("refuses a delay that is none", () => {
    expect(() => getClientScript("ws://h", { token: "t", reconnectDelay: Number.NaN })).toThrow(
      TypeError,
    );
    expect(() => getClientScript("ws://h", { token: "t", reconnectDelay: -1 })).toThrow(TypeError);
  });
});
