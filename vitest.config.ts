import { defineConfig } from "vitest/config";
import { NotingReporter, resultsVariable } from "./scripts/test-results.ts";

/** Set by `npm test`, which watches over the run. */
const notes = process.env[resultsVariable];

/** Tests that start whole servers, browsers and programs of others: mostly they wait, so two files go side by side. */
const whole = ["test/{e2e,examples,systems,webhooks}/**/*.test.ts"];

/**
 * One file after the other: fleets that are watched while parts of them die, and those that hear everything in a channel of Redis
 * whose name is the application's.
 */
const alone = [
  "test/{cluster,deploy,doors,e2e/stories}/**/*.test.ts",
  "packages/dialects/src/pusher/fleet.test.ts",
  "packages/doors/src/nats/cluster.test.ts",
];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    /* What a test waits for may be late where others use the machine too; what never comes is found all the same. */
    expect: { poll: { timeout: 20_000 } },
    /* A forgotten `.only` would let everything else go unnoticed. */
    allowOnly: false,
    ...(notes === undefined
      ? {}
      : {
          reporters: ["default", new NotingReporter(notes)],
          setupFiles: ["./scripts/test-mark.ts"],
        }),
    projects: [
      {
        extends: true,
        test: {
          name: "parts",
          include: ["packages/*/src/**/*.test.{ts,tsx}", "test/**/*.test.ts"],
          exclude: ["**/node_modules/**", ...whole, ...alone],
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "whole",
          include: whole,
          exclude: ["**/node_modules/**", ...alone],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: "alone", include: alone, maxWorkers: 1, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
