import { expect, test } from "vitest";
import { listenEntries, listenTrouble, parseEntry, showEntry } from "./listen.ts";
import { loadConfig } from "./load.ts";
import type { ListenEntry } from "./types.ts";

test.each<readonly [string, ListenEntry]>([
  ["mmb=8082", { dialect: "mmb", port: 8082 }],
  ["mmb=0", { dialect: "mmb", port: 0 }],
  ["mmb=0.0.0.0:8082", { dialect: "mmb", host: "0.0.0.0", port: 8082 }],
  ["mmb=localhost:8082", { dialect: "mmb", host: "localhost", port: 8082 }],
  ["mmb=[::1]:8082", { dialect: "mmb", host: "::1", port: 8082 }],
  ["mmb=[::]:8082/ws", { dialect: "mmb", host: "::", port: 8082, path: "/ws" }],
  ["chatlogger=/chat", { dialect: "chatlogger", path: "/chat" }],
  ["chatlogger=/chat/", { dialect: "chatlogger", path: "/chat" }],
  ["portico=:9000/wss", { dialect: "portico", port: 9000, path: "/wss" }],
  ["symfony-chat=9000/a/b", { dialect: "symfony-chat", port: 9000, path: "/a/b" }],
  ["native=9001", { dialect: "native", port: 9001 }],
])("%s is understood, and shown so that it is understood again", (text, entry) => {
  expect(parseEntry(text)).toEqual(entry);
  expect(parseEntry(showEntry(entry))).toEqual(entry);
});

test.each([
  "mmb",
  "mmb=",
  "=8082",
  "MMB=8082",
  "socketio=8082",
  "mmb=65536",
  "mmb=-1",
  "mmb=80 82",
  "mmb=0.0.0.0",
  "mmb=localhost",
  "mmb=localhost/ws",
  "mmb=localhost:",
  "mmb=300.1.1.1:8082",
  "mmb=::1:8082",
  "mmb=[::1]",
  "mmb=[127.0.0.1]:8082",
  "mmb=chat",
  "mmb=8082/a b",
  "mmb=8082/a?b",
  "mmb=//x",
  "mmb=http://x:8082",
])("%s is refused with a reason", (text) => {
  expect(parseEntry(text)).toEqual(expect.any(String));
});

function listenOf(listen: unknown): readonly ListenEntry[] | string {
  try {
    return loadConfig({
      flags: {},
      environment: { PARLANCE_LISTEN: String(listen) },
      directory: import.meta.dirname,
    }).config.listen;
  } catch (error) {
    return (error as Error).message;
  }
}

test("a list is separated by commas; auto and none are words of their own", () => {
  expect(listenOf("mmb=8082, chatlogger=/chat")).toEqual([
    { dialect: "mmb", port: 8082 },
    { dialect: "chatlogger", path: "/chat" },
  ]);
  expect(listenOf("none")).toEqual([]);
  expect(listenOf("auto")).toBe("auto");
  expect(listenOf("mmb=8082,gopher=1")).toMatch(/^PARLANCE_LISTEN: there is no dialect "gopher"/);
});

test.each([
  ["mmb=8080", "takes the main port 8080"],
  ["mmb=[::1]:8080/x", "another host"],
  ["mmb=/ws", "the server's own"],
  ["mmb=/socket.io/", "the server's own"],
  ["mmb=8082,chatlogger=8082", "is taken by mmb=8082"],
  ["mmb=/x,chatlogger=:8080/x", "is taken by mmb=/x"],
  ["mmb=9000/x,portico=9000/x/", "is taken by"],
  ["mmb=9000,portico=9000/wss", "every path"],
  ["mmb=9000/a,portico=[::1]:9000/b", "another host"],
])("%s cannot be opened together: %s", (listen, reason) => {
  expect(listenOf(listen)).toEqual(expect.stringMatching(/^PARLANCE_LISTEN: /));
  expect(listenOf(listen)).toContain(reason);
});

test("several paths of one port, several free ports, and a path of the main port are fine", () => {
  expect(listenOf("mmb=9000/ws,portico=9000/wss,mmb=0,mmb=0,chatlogger=8080/chat")).toHaveLength(5);
});

const base = { mode: "development", host: "127.0.0.1", port: 8080, listen: "auto" } as const;
const preset = { port: "preset" };

test("[CL-01] auto opens the authors' ports in development mode while the main port is at its preset", () => {
  expect(listenEntries({ ...base, host: "::1" }, preset)).toEqual([
    { dialect: "chatlogger", host: "::1", port: 8081, isOptional: true },
    { dialect: "mmb", host: "::1", port: 8082, isOptional: true },
    { dialect: "symfony-chat", host: "::1", port: 8083, isOptional: true },
  ]);
  expect(listenEntries(base, { port: "flag" })).toEqual([]);
  expect(listenEntries({ ...base, mode: "production" }, preset)).toEqual([]);
  expect(listenEntries({ ...base, listen: [] }, preset)).toEqual([]);
  expect(listenTrouble(base, () => "")).toEqual([]);
});

test("entries are ready to use: a port has its host, and what is on the main port has neither", () => {
  const listen: readonly ListenEntry[] = [
    { dialect: "mmb", port: 8082 },
    { dialect: "portico", port: 8080, path: "/wss" },
    { dialect: "chatlogger", host: "::1", port: 9000 },
    { dialect: "symfony-chat", path: "/sc" },
  ];
  expect(listenEntries({ ...base, listen }, preset)).toEqual([
    { dialect: "mmb", host: "127.0.0.1", port: 8082 },
    { dialect: "portico", path: "/wss" },
    { dialect: "chatlogger", host: "::1", port: 9000 },
    { dialect: "symfony-chat", path: "/sc" },
  ]);
});
