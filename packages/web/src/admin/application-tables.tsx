/** What the application is asked and told, on the admin page; nothing where it is neither. */
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { formatAge, formatNumber } from "./format.ts";
import { behindMs, type NodeOverview, type WebhookOverview } from "./overview.ts";
import { Table } from "./table.tsx";
import { text } from "./texts.ts";

/** Hooks, summed over the nodes. */
export function HookTable({ nodes }: { nodes: readonly NodeOverview[] }): ReactNode {
  const { language } = useTranslation().i18n;
  const all = nodes.flatMap(({ hooks = [] }) => hooks);
  const rows = [...new Set(all.map(({ hook }) => hook))].map((hook) => {
    const each = all.filter((one) => one.hook === hook);
    const sum = (name: "under_way" | "answered" | "refused" | "silent" | "unasked"): number =>
      each.reduce((total, one) => total + one[name], 0);
    return {
      hook,
      isDown: each.some(({ down }) => down),
      isPaused: each.some(({ paused }) => paused),
      underWay: sum("under_way"),
      answered: sum("answered"),
      refused: sum("refused"),
      silent: sum("silent") + sum("unasked"),
    };
  });
  type Row = (typeof rows)[number];
  const counted = (key: "underWay" | "answered" | "refused" | "silent") => ({
    key,
    title: text(key),
    value: (row: Row) => row[key],
    show: (row: Row) => formatNumber(row[key], "count", language),
  });
  if (rows.length === 0) return null;
  return (
    <Table
      title={text("hooks")}
      rows={rows}
      keyOf={({ hook }) => hook}
      columns={[
        { key: "hook", title: text("hook"), value: ({ hook }) => hook },
        {
          key: "state",
          title: text("state"),
          value: ({ isDown, isPaused }) => text(isPaused ? "paused" : isDown ? "down" : "open"),
          advice: ({ isDown }) => (isDown ? "hook" : undefined),
        },
        counted("underWay"),
        counted("answered"),
        counted("refused"),
        counted("silent"),
      ]}
    />
  );
}

/** Webhooks, as the node that delivers has them. */
export function WebhookTable({ nodes }: { nodes: readonly NodeOverview[] }): ReactNode {
  const { language } = useTranslation().i18n;
  const rows = nodes.flatMap(({ webhooks = [] }) => webhooks);
  const count = (value: number | undefined): string =>
    value === undefined ? "–" : formatNumber(value, "count", language);
  if (rows.length === 0) return null;
  const isPaused = (row: WebhookOverview): boolean => row.paused_because !== undefined;
  return (
    <Table
      title={text("webhooks")}
      rows={rows}
      keyOf={({ id }) => id}
      columns={[
        { key: "webhook", title: text("webhook"), value: ({ name }) => name },
        {
          key: "state",
          title: text("state"),
          value: (row) => text(isPaused(row) ? "paused" : "open"),
          advice: (row) => (isPaused(row) ? "paused" : undefined),
        },
        {
          key: "waiting",
          title: text("waiting"),
          value: ({ lag = -1 }) => lag,
          show: ({ lag }) => count(lag),
        },
        {
          key: "oldest",
          title: text("oldest"),
          value: ({ oldest_ms: ms = -1 }) => ms,
          show: ({ oldest_ms: ms }) => (ms === undefined ? "–" : formatAge(ms)),
          advice: ({ oldest_ms: ms = 0 }) => (ms > behindMs ? "behind" : undefined),
        },
        {
          key: "taken",
          title: text("taken"),
          value: ({ events }) => events,
          show: ({ events }) => count(events),
        },
        {
          key: "failed",
          title: text("failed"),
          value: ({ failed }) => failed,
          show: ({ failed }) => count(failed),
        },
        {
          key: "gaveUp",
          title: text("gaveUp"),
          value: ({ dead = -1 }) => dead,
          show: ({ dead }) => count(dead),
          advice: ({ dead = 0 }) => (dead > 0 ? "dead" : undefined),
        },
      ]}
    />
  );
}
