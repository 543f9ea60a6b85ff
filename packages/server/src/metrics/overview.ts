/** What a node answers to operators who ask all nodes; see `overviewRoutes` of the REST API. */
import { hostname } from "node:os";
import type { Node } from "@parlance/core";
import type { HookView } from "@parlance/hooks";
import { overviewQuestions } from "@parlance/http";
import type { Json } from "@parlance/protocol";
import type { WebhookView } from "@parlance/webhooks";
import type { Doors } from "../doors.ts";
import { version } from "../version.ts";
import { ageOf, lagOf } from "./application-samples.ts";
import { gaugesOf, type History } from "./history.ts";
import type { Sample, Samples } from "./samples.ts";

/** Rooms that one node tells of, those with the most subscriptions. */
const maxRooms = 2_000;

export interface OverviewParts {
  readonly node: Pick<Node, "onQuestion" | "openRooms">;
  readonly doors: Pick<Doors, "status">;
  readonly hooks: readonly HookView[];
  readonly webhooks: () => readonly WebhookView[];
  readonly samples: () => Promise<Samples>;
  readonly history: History;
  readonly isDraining: () => boolean;
  readonly url: () => string;
  readonly database: string;
  readonly brokerKind: string;
  /** Of a server of several processes. */
  readonly worker: number | undefined;
}

/** To be called once, when the node is put together. */
export function answerOverview(parts: OverviewParts): void {
  const startedAt = new Date().toISOString();
  const { node, doors, history, worker } = parts;
  node.onQuestion(overviewQuestions.overview, async (detail) => {
    const samples = await parts.samples();
    const wantsPoints = (detail as { readonly points?: unknown } | undefined)?.points !== "none";
    return {
      url: parts.url(),
      host: hostname(),
      version,
      ...(worker === undefined ? {} : { worker }),
      started_at: startedAt,
      draining: parts.isDraining(),
      database: parts.database,
      broker: parts.brokerKind,
      now: gaugesOf(samples),
      connections: byLabel(samples.parlance_connections, "dialect"),
      errors: byLabel(samples.parlance_errors_total, "code"),
      doors: Object.entries(doors.status()).map(([door, status]) => ({
        door,
        open: status.isOpen,
        under_way: status.underWay,
        published: status.published,
        refused: status.refused,
      })),
      hooks: parts.hooks.map(hookView),
      webhooks: parts.webhooks().map(webhookView),
      ...(wantsPoints ? { points: [...history.points] } : {}),
    } satisfies Json;
  });
  node.onQuestion(overviewQuestions.rooms, () =>
    [...node.openRooms()]
      .sort((a, b) => b.subscriptions - a.subscriptions)
      .slice(0, maxRooms)
      .map((room) => ({ ...room })),
  );
}

function hookView(view: HookView) {
  const { hook, answered, refused, unasked, isDown, isPaused, underWay } = view;
  const silent = [...view.silences.values()].reduce((sum, count) => sum + count, 0);
  return {
    hook,
    down: isDown,
    paused: isPaused,
    under_way: underWay,
    answered,
    refused,
    silent,
    unasked,
  };
}

function webhookView(view: WebhookView) {
  const { webhook, tally, counts } = view;
  const { id, name, pausedBecause } = webhook;
  const [lag, age] = [lagOf(view), ageOf(view, Date.now())];
  return {
    id,
    name,
    ...(pausedBecause === undefined ? {} : { paused_because: pausedBecause }),
    ...(lag === undefined ? {} : { lag }),
    ...(age === undefined ? {} : { oldest_ms: Math.round(age * 1_000) }),
    ...(counts === undefined ? {} : { dead: counts.dead }),
    events: tally.events,
    failed: tally.failed,
  };
}

function byLabel(samples: readonly Sample[] | undefined, label: string): Record<string, number> {
  const values: Record<string, number> = {};
  for (const { labels, value } of samples ?? []) {
    if (typeof value === "number") values[labels[label] ?? ""] = value;
  }
  return values;
}
