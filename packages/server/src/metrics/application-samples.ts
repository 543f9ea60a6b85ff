/** What was asked of the application and what it was told, as metrics. */
import type { HookView } from "@parlance/hooks";
import type { WebhookView } from "@parlance/webhooks";
import { by, inSeconds, type Sample, type Samples } from "./samples.ts";

/** Of the hooks that there are: those of the configuration by their name, a plug-in's by `name.hook`. */
export function hookSamples(hooks: readonly HookView[]): Samples {
  if (hooks.length === 0) return {};
  return {
    parlance_hook_questions_total: hooks.flatMap((view): Sample[] => {
      const silent = [...view.silences.values()].reduce((sum, count) => sum + count, 0);
      const { hook, answered, refused, unasked } = view;
      return Object.entries({ answered, refused, silent, unasked }).map(([outcome, value]) => ({
        labels: { hook, outcome },
        value,
      }));
    }),
    parlance_hook_silences_total: hooks.flatMap(({ hook, silences }) =>
      Array.from(silences, ([reason, value]): Sample => ({ labels: { hook, reason }, value })),
    ),
    parlance_hook_duration_seconds: by(
      "hook",
      hooks.map(({ hook, tookMs }) => [hook, inSeconds(tookMs)]),
    ),
    parlance_hook_under_way: by(
      "hook",
      hooks.map(({ hook, underWay }) => [hook, underWay]),
    ),
    parlance_hook_paused: by(
      "hook",
      hooks.map(({ hook, isPaused }) => [hook, isPaused ? 1 : 0]),
    ),
  };
}

/**
 * Of the webhooks, on the node that delivers; nothing where there are none. Their label is their name: operators make them, at
 * most a hundred. Of one name there may be several: they count as one.
 *
 * @param now Milliseconds since 1970.
 */
export function webhookSamples(views: readonly WebhookView[], now: number): Samples {
  if (views.length === 0) return {};
  const paused = views.filter(isPaused).length;
  const counter = (count: (view: WebhookView) => number) =>
    by("webhook", byName(views, count, add));
  return {
    parlance_webhooks: by("state", [
      ["delivering", views.length - paused],
      ["paused", paused],
    ]),
    parlance_webhook_lag_events: by("webhook", byName(views, lagOf, add)),
    parlance_webhook_oldest_seconds: by(
      "webhook",
      byName(views, (view) => ageOf(view, now), Math.max),
    ),
    parlance_webhook_dead: by(
      "webhook",
      byName(views, ({ counts }) => counts?.dead, add),
    ),
    parlance_webhook_requests_total: requestsOf(views),
    parlance_webhook_events_total: counter(({ tally }) => tally.events),
    parlance_webhook_given_up_total: counter(({ tally }) => tally.gaveUp),
  };
}

/** Events that wait; undefined where that is not known. */
export function lagOf({ lag, counts }: WebhookView): number | undefined {
  return lag === undefined || counts === undefined ? undefined : lag.events + counts.waiting;
}

/** Seconds that the oldest has waited. */
export function ageOf({ lag, counts }: WebhookView, now: number): number | undefined {
  if (lag === undefined || counts === undefined) return undefined;
  const oldest = Math.min(lag.oldestAt ?? now, counts.oldestAt ?? now);
  return Math.max(0, now - oldest) / 1_000;
}

function isPaused({ webhook }: WebhookView): boolean {
  return webhook.pausedBecause !== undefined;
}

function requestsOf(views: readonly WebhookView[]): readonly Sample[] {
  return (["taken", "failed"] as const).flatMap((outcome) =>
    Array.from(
      byName(views, ({ tally }) => tally[outcome], add),
      ([webhook, value]): Sample => ({ labels: { webhook, outcome }, value }),
    ),
  );
}

function add(a: number, b: number): number {
  return a + b;
}

function byName(
  views: readonly WebhookView[],
  valueOf: (view: WebhookView) => number | undefined,
  join: (a: number, b: number) => number,
): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const view of views) {
    const value = valueOf(view);
    if (value === undefined) continue;
    const { name } = view.webhook;
    const known = values.get(name);
    values.set(name, known === undefined ? value : join(known, value));
  }
  return values;
}
