import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { foldJob, noJob, stateOfJob } from "./job.ts";

/** A message whose `data` says this. */
const told = (data: unknown) => ({ type: "message.created", data: { text: "x", data } });

describe("a job", () => {
  test("[JOB-1] goes from nothing over its progress to its result", () => {
    const events = [
      { type: "member.joined", data: { user: "ann", name: "Ann", role: "member" } },
      told({ status: "processing", progress: 25, text: "Page 1" }),
      told({ status: "completed", progress: 100, result: { pages: 2 } }),
    ];
    expect(stateOfJob(events.slice(0, 1))).toEqual({ status: "waiting" });
    expect(stateOfJob(events.slice(0, 2))).toEqual({
      status: "processing",
      progress: 25,
      text: "Page 1",
    });
    expect(stateOfJob(events)).toMatchObject({
      status: "completed",
      progress: 100,
      result: { pages: 2 },
      text: undefined,
    });
  });

  test("[JOB-2] [MMB-14] MMB's messages are understood as they are", () => {
    const ocr = { type: "ocr_progress", job_id: 7, timestamp: 1_800_000_000 };
    const half = told({ ...ocr, progress: 50, status: "processing" });
    const done = { ...ocr, progress: 100, status: "completed", text: "Hello", confidence: 98.5 };
    const failed = { ...ocr, progress: 50, status: "failed", error: "No text." };
    expect(stateOfJob([half, told(done)])).toEqual({
      status: "completed",
      progress: 100,
      text: "Hello",
      result: "Hello",
      data: done,
    });
    expect(stateOfJob([half, told(failed)])).toEqual({
      status: "failed",
      progress: 50,
      error: "No text.",
      data: failed,
    });
  });

  test("[JOB-3] numbers stay between 0 and 100, what is no number is not told, and the last one stays where none is told", () => {
    const progress = (...all: unknown[]) =>
      stateOfJob(all.map((one) => told({ status: "processing", progress: one })));
    expect(progress(-5)).toMatchObject({ progress: 0 });
    expect(progress(250)).toMatchObject({ progress: 100 });
    expect(progress("50")).toMatchObject({ status: "processing", progress: undefined });
    expect(progress(40, undefined)).toMatchObject({ progress: 40 });
    expect(progress(40, 30)).toMatchObject({ progress: 30 });
    expect(stateOfJob([told({ progress: 12 })])).toMatchObject({ status: "processing" });
    expect(stateOfJob([told({ status: "queued" })])).toBe(noJob);
  });

  test("[JOB-4] the first end is final", () => {
    const end = stateOfJob([told({ status: "failed", error: "No." })]);
    for (const late of [
      told({ status: "processing", progress: 10 }),
      told({ status: "completed", result: "Yes" }),
    ]) {
      expect(foldJob(end, late)).toBe(end);
    }
  });

  test("[JOB-5] a new version of a message counts as one more message", () => {
    const edited = {
      type: "message.edited",
      data: { message_id: "1", text: "x", data: { progress: 80 } },
    };
    expect(stateOfJob([told({ progress: 10 }), edited])).toMatchObject({ progress: 80 });
    expect(stateOfJob([{ type: "message.created" }, { type: "message.edited" }])).toBe(noJob);
  });

  test("[JOB-4] never throws and never leaves an end, whatever the log has", () => {
    const event = fc.record({
      type: fc.constantFrom("message.created", "message.edited", "member.joined"),
      data: fc.oneof(
        fc.jsonValue(),
        fc.record({
          data: fc.record(
            {
              status: fc.oneof(
                fc.constantFrom("processing", "completed", "failed"),
                fc.jsonValue(),
              ),
              progress: fc.oneof(fc.double(), fc.jsonValue()),
              result: fc.jsonValue(),
            },
            { requiredKeys: [] },
          ),
        }),
      ),
    });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        let state = noJob;
        for (const one of events) {
          const next = foldJob(state, one);
          if (state.status === "completed" || state.status === "failed") expect(next).toBe(state);
          if (next.status === "processing" && next.progress !== undefined) {
            expect(next.progress).toBeGreaterThanOrEqual(0);
            expect(next.progress).toBeLessThanOrEqual(100);
          }
          state = next;
        }
      }),
    );
  });
});
