import { describe, expect, test } from "vitest";
import { BrokerUrlError, parseBrokerUrl } from "./broker-url.ts";

describe("a broker's address", () => {
  test("its parts, decoded, with the usual ports", () => {
    expect(parseBrokerUrl("redis://h1")).toEqual({
      scheme: "redis:",
      hosts: [{ host: "h1", port: 6379 }],
    });
    expect(parseBrokerUrl("amqps://a%40b:c%3A%2F%20@h1,[::1]:9,10.0.0.1/%2F")).toEqual({
      scheme: "amqps:",
      user: "a@b",
      password: "c:/ ",
      hosts: [
        { host: "h1", port: 5671 },
        { host: "::1", port: 9 },
        { host: "10.0.0.1", port: 5671 },
      ],
      path: "/",
    });
    expect(parseBrokerUrl("redis-sentinel://:pass:word@h1,h2:1/main")).toEqual({
      scheme: "redis-sentinel:",
      password: "pass:word",
      hosts: [
        { host: "h1", port: 26_379 },
        { host: "h2", port: 1 },
      ],
      path: "main",
    });
    expect(parseBrokerUrl("NATS://token@h1")).toMatchObject({ scheme: "nats:", user: "token" });
  });

  test("a password with an @ that was not escaped is one", () => {
    expect(parseBrokerUrl("nats://ada:p@ss@h1")).toMatchObject({
      user: "ada",
      password: "p@ss",
      hosts: [{ host: "h1" }],
    });
  });

  test.each([
    "",
    "redis",
    "redis:",
    "redis://",
    "redis://canary@",
    "redis://h1,",
    "redis://h1:port",
    "redis://h1:65536",
    "redis://[::1",
    "redis://h1?canary",
    "redis://h1#canary",
    "http://canary@h1",
    "redis-sentinel://h1/",
    "amqp://ca%nary@h1",
    "constructor://h1",
  ])("%s is none, and is not repeated", (url) => {
    expect(() => parseBrokerUrl(url)).toThrow(BrokerUrlError);
    expect(() => parseBrokerUrl(url)).not.toThrow("canary");
  });
});
