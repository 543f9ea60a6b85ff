import { defineConfig } from "vitest/config";
import { NotingReporter, resultsVariable } from "./scripts/test-results.ts";

/** Set by `npm test`, which watches over the run. */
const notes = process.env[resultsVariable];

/**
 * Tests that start whole servers, browsers and proxies and watch what becomes of them in time: one file after the other, so
 * that what they see is the product and not each other.
 */
const whole = ["test/{cluster,deploy,doors,e2e,examples,systems,webhooks}/**/*.test.ts"];

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
          exclude: ["**/node_modules/**", ...whole],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: "whole", include: whole, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
