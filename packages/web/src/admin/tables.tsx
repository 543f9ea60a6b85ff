/** The tables of the admin page. */
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { formatAge, formatNumber } from "./format.ts";
import { type LiveConnection, type NodeOverview, nodeName, type OpenRoom } from "./overview.ts";
import { Table } from "./table.tsx";
import { text } from "./texts.ts";

/** @param now Of the answer, in milliseconds since 1970. */
export function NodeTable({
  nodes,
  now,
}: {
  nodes: readonly NodeOverview[];
  now: number;
}): ReactNode {
  const { language } = useTranslation().i18n;
  const value =
    (name: string) =>
    (node: NodeOverview): number =>
      node.now[name] ?? 0;
  const shown =
    (name: string, unit: Parameters<typeof formatNumber>[1]) =>
    (node: NodeOverview): string =>
      formatNumber(node.now[name] ?? 0, unit, language);
  return (
    <Table
      title={text("nodes")}
      rows={nodes}
      keyOf={({ node }) => node}
      columns={[
        { key: "node", title: text("node"), value: nodeName },
        { key: "version", title: text("version"), value: ({ version }) => version },
        {
          key: "since",
          title: text("since"),
          value: ({ started_at: at }) => now - Date.parse(at),
          show: ({ started_at: at }) => formatAge(now - Date.parse(at)),
        },
        {
          key: "connections",
          title: text("connections"),
          value: value("connections"),
          show: shown("connections", "count"),
        },
        {
          key: "loop",
          title: text("eventLoop"),
          value: value("event_loop_ms"),
          show: shown("event_loop_ms", "ms"),
          advice: (node) => ((node.now["event_loop_ms"] ?? 0) > 250 ? "late" : undefined),
        },
        { key: "busy", title: text("busy"), value: value("busy"), show: shown("busy", "share") },
        {
          key: "memory",
          title: text("memory"),
          value: value("memory_bytes"),
          show: shown("memory_bytes", "bytes"),
        },
      ]}
    />
  );
}

/** What the nodes together say of each door. */
export function DoorTable({ nodes }: { nodes: readonly NodeOverview[] }): ReactNode {
  const { language } = useTranslation().i18n;
  const doors = nodes.flatMap((node) => node.doors);
  const rows = [...new Set(doors.map(({ door }) => door))].map((door) => {
    const each = doors.filter((one) => one.door === door);
    const sum = (name: "under_way" | "published" | "refused"): number =>
      each.reduce((total, one) => total + one[name], 0);
    return {
      door,
      open: each.some(({ open }) => open),
      underWay: sum("under_way"),
      published: sum("published"),
      refused: sum("refused"),
    };
  });
  type Row = (typeof rows)[number];
  const counted = (key: "underWay" | "published" | "refused") => ({
    key,
    title: text(key),
    value: (row: Row) => row[key],
    show: (row: Row) => formatNumber(row[key], "count", language),
  });
  return (
    <Table
      title={text("doors")}
      rows={rows}
      keyOf={({ door }) => door}
      columns={[
        { key: "door", title: text("door"), value: ({ door }) => door },
        {
          key: "state",
          title: text("state"),
          value: ({ open }) => text(open ? "open" : "closed"),
          advice: ({ open }) => (open ? undefined : "door"),
        },
        counted("underWay"),
        counted("published"),
        counted("refused"),
      ]}
    />
  );
}

/** The rooms that somebody needs now. */
export function RoomTable({ rooms }: { rooms: readonly OpenRoom[] }): ReactNode {
  return (
    <Table
      title={text("rooms")}
      rows={rooms}
      keyOf={({ room }) => room}
      columns={[
        {
          key: "room",
          title: text("room"),
          value: ({ room, title }) => (title === room ? room : `${title} (${room})`),
        },
        { key: "kind", title: text("kind"), value: ({ kind }) => kind },
        {
          key: "subscriptions",
          title: text("subscriptions"),
          value: ({ subscriptions }) => subscriptions,
        },
        { key: "present", title: text("present"), value: ({ present }) => present },
        { key: "last", title: text("last"), value: ({ last }) => last },
        { key: "nodes", title: text("nodes"), value: ({ nodes }) => nodes },
      ]}
    />
  );
}

/** @param all How many there are; a thousand are listed. */
export function ConnectionTable({
  connections,
  nodes,
  all,
}: {
  connections: readonly LiveConnection[];
  nodes: readonly NodeOverview[];
  all: number;
}): ReactNode {
  const { language } = useTranslation().i18n;
  const names = new Map(nodes.map((node) => [node.node, nodeName(node)]));
  return (
    <Table
      title={text("connections")}
      rows={connections}
      all={all}
      keyOf={(row) => row.connection_id}
      columns={[
        {
          key: "user",
          title: text("user"),
          value: ({ user = "–", name }) => (name === undefined ? user : `${name} (${user})`),
        },
        { key: "dialect", title: text("dialect"), value: ({ dialect }) => dialect },
        { key: "node", title: text("node"), value: ({ node }) => names.get(node) ?? node },
        { key: "address", title: text("address"), value: ({ address }) => address },
        { key: "rooms", title: text("rooms"), value: ({ rooms }) => rooms },
        {
          key: "connected",
          title: text("connected"),
          value: (row) => row.connected_ms,
          show: (row) => formatAge(row.connected_ms),
        },
        {
          key: "unsent",
          title: text("unsent"),
          value: (row) => row.unsent_bytes,
          show: (row) => formatNumber(row.unsent_bytes, "bytes", language),
        },
        {
          key: "state",
          title: text("state"),
          value: ({ lagging }) => (lagging ? text("lagging") : text("open")),
        },
      ]}
    />
  );
}
