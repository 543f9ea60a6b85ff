import { expect, test } from "vitest";
import { loadConfig } from "./load.ts";
import { nullOriginAllowed, trustedDialects, unsafeSettings } from "./safety.ts";
import type { Config } from "./types.ts";

const secret = "Vv8w1m0TQyJ7n5cX2kZrL9bH4sGdEaPf6uYt3oWi";
const all = ["chatlogger", "mmb", "portico", "symfony-chat"];

function configOf(environment: Readonly<Record<string, string>>): Config {
  return loadConfig({ flags: {}, environment, directory: import.meta.dirname }).config;
}

function trusted(environment: Readonly<Record<string, string>>): readonly string[] {
  return [...trustedDialects(configOf(environment))];
}

test("[PE-11] [SC-16] claimed ids are believed by themselves only where this machine alone can claim them", () => {
  expect(trusted({})).toEqual(all);
  expect(trusted({ PARLANCE_HOST: "::1" })).toEqual(all);
  expect(trusted({ PARLANCE_PUBLIC_URL: "http://localhost:8080" })).toEqual(all);
  expect(trusted({ PARLANCE_LISTEN: "mmb=127.0.0.1:8082" })).toEqual(all);
  for (const reach of [
    { PARLANCE_HOST: "0.0.0.0" },
    { PARLANCE_HOST: "192.0.2.1" },
    { PARLANCE_PUBLIC_URL: "https://chat.example" },
    { PARLANCE_LISTEN: "mmb=0.0.0.0:8082" },
    { WS_PORT: "8082" },
    { WS_PUBLIC_URL: "wss://chat.example/ws" },
    { PARLANCE_MODE: "production" },
    { APP_ENV: "prod" },
    { PARLANCE_TRUSTED_NETWORK: "none" },
  ]) {
    expect([reach, trusted(reach)]).toEqual([reach, []]);
  }
});

test("[PE-11] a list is taken as it is, and refused in production where others can reach the server", () => {
  expect(trusted({ PARLANCE_TRUSTED_NETWORK: "mmb, portico", PARLANCE_HOST: "0.0.0.0" })).toEqual([
    "mmb",
    "portico",
  ]);
  const production = {
    PARLANCE_MODE: "production",
    PARLANCE_SECRET: secret,
    PARLANCE_TRUSTED_NETWORK: "portico",
  };
  expect(unsafeSettings(configOf(production))).toEqual([]);
  expect(trusted(production)).toEqual(["portico"]);
  for (const reach of [
    { PARLANCE_PUBLIC_URL: "https://chat.example" },
    { PARLANCE_LISTEN: "mmb=0.0.0.0:8082", PARLANCE_PUBLIC_URL: "http://localhost" },
  ]) {
    expect(unsafeSettings(configOf({ ...production, ...reach }))).toEqual([
      expect.stringMatching(/^PARLANCE_TRUSTED_NETWORK is portico, and .* by others/),
    ]);
  }
});

test("an endpoint that others can reach makes a production install public", () => {
  const production = { PARLANCE_MODE: "production", PARLANCE_SECRET: secret };
  expect(unsafeSettings(configOf(production))).toEqual([]);
  expect(unsafeSettings(configOf({ ...production, WS_PORT: "8082" }))).toEqual([
    expect.stringContaining("PARLANCE_PUBLIC_URL is not set"),
  ]);
});

test("[SC-10] a weak APP_SECRET is refused in production and warned of in development", () => {
  expect(unsafeSettings(configOf({ APP_ENV: "prod", APP_SECRET: "your-secret-key-here" }))).toEqual(
    [expect.stringMatching(/APP_SECRET\) has less than 32 characters/)],
  );
  const loaded = loadConfig({
    flags: {},
    environment: { APP_ENV: "dev", APP_SECRET: "your-secret-key-here" },
    directory: import.meta.dirname,
  });
  expect(loaded.warnings).toEqual([expect.stringMatching(/^APP_SECRET has less than 32/)]);
  expect(loaded.config.secret).toBe("your-secret-key-here");
});

test("[AD3] a hook's secret is held to the same", () => {
  const lines = unsafeSettings(
    configOf({
      PARLANCE_MODE: "production",
      PARLANCE_SECRET: secret,
      PARLANCE_CONNECT_HOOK_SECRET: "a".repeat(40),
    }),
  );
  expect(lines).toEqual([expect.stringContaining("PARLANCE_CONNECT_HOOK_SECRET repeats itself")]);
});

test("[CL-16] pages from disk may come in on this machine, elsewhere only if listed", () => {
  const allowed = (environment: Readonly<Record<string, string>>): boolean =>
    nullOriginAllowed(configOf(environment));
  expect(allowed({})).toBe(true);
  expect(allowed({ PARLANCE_HOST: "0.0.0.0" })).toBe(false);
  expect(allowed({ PARLANCE_MODE: "production" })).toBe(false);
  expect(allowed({ PARLANCE_MODE: "production", PARLANCE_ORIGINS: "null" })).toBe(true);
});
