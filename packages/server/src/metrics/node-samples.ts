/** What a node and its surroundings have counted, as metrics. */
import type { Broker, Node } from "@parlance/core";
import type { HookView } from "@parlance/hooks";
import type { Store } from "@parlance/storage";
import type { WebhookView } from "@parlance/webhooks";
import type { Doors } from "../doors.ts";
import { canRead } from "../readiness.ts";
import { version } from "../version.ts";
import { hookSamples, webhookSamples } from "./application-samples.ts";
import { by, inSeconds, one, type Sample, type Samples } from "./samples.ts";

/** Whose numbers they are. */
export interface NodeParts {
  readonly node: Pick<
    Node,
    "counts" | "dialects" | "openMessagesHere" | "presentHere" | "ratesAreShared" | "tally"
  >;
  readonly broker: Broker;
  readonly store: Store;
  readonly doors: Pick<Doors, "status" | "spoolFiles">;
  /** What the application was asked, hook by hook, and what webhooks were told. */
  readonly hooks: readonly HookView[];
  readonly webhooks: () => readonly WebhookView[];
  readonly isDraining: () => boolean;
  /** In a word: `sqlite`, `redis`. */
  readonly database: string;
  readonly brokerKind: string;
}

/** Reads them all. The database is asked whether it answers. Never rejects. */
export async function nodeSamples(parts: NodeParts): Promise<Samples> {
  const [isUp, spoolFiles] = await Promise.all([canRead(parts.store), parts.doors.spoolFiles()]);
  return {
    ...stateOf(parts),
    ...trafficOf(parts.node),
    ...brokerOf(parts),
    parlance_database_up: one(isUp ? 1 : 0),
    ...batchesOf(parts.store),
    ...doorsOf(parts.doors),
    ...hookSamples(parts.hooks),
    ...webhookSamples(parts.webhooks(), Date.now()),
    ...(spoolFiles === undefined ? {} : { parlance_spool_files: one(spoolFiles) }),
  };
}

function stateOf({ node, database, brokerKind, isDraining }: NodeParts): Samples {
  const counts = node.counts();
  const isShared = node.ratesAreShared();
  return {
    parlance_build_info: [
      {
        labels: { version, node_version: process.versions.node, database, broker: brokerKind },
        value: 1,
      },
    ],
    parlance_draining: one(isDraining() ? 1 : 0),
    parlance_connections: by("dialect", node.dialects()),
    parlance_rooms: one(counts.rooms),
    parlance_subscriptions: one(counts.subscriptions),
    parlance_present: one(node.presentHere()),
    parlance_open_messages: one(node.openMessagesHere()),
    ...(isShared === undefined ? {} : { parlance_rates_shared: one(isShared ? 1 : 0) }),
    parlance_outbox_bytes: one(counts.outboxBytes),
    parlance_lagging_connections: one(counts.lagging),
  };
}

function trafficOf({ tally }: NodeParts["node"]): Samples {
  return {
    parlance_connections_opened_total: by("dialect", tally.opened),
    parlance_connections_closed_total: by("reason", tally.closed),
    parlance_received_frames_total: one(tally.receivedFrames),
    parlance_bad_frames_total: one(tally.badFrames),
    parlance_commands_total: [...tally.commands].flatMap(([via, counts]) =>
      Array.from(counts, ([command, value]): Sample => ({ labels: { via, command }, value })),
    ),
    parlance_command_duration_seconds: by(
      "command",
      [...tally.commandMs].map(([command, histogram]) => [command, inSeconds(histogram)] as const),
    ),
    parlance_errors_total: by("code", tally.errors),
    parlance_committed_events_total: one(tally.committed),
    parlance_repeated_appends_total: one(tally.repeated),
    parlance_unread_checks_total: one(tally.unreadChecks),
    parlance_unread_mismatches_total: one(tally.unreadMismatches),
    parlance_acknowledgement_duration_seconds: [
      { labels: {}, value: inSeconds(tally.acknowledgedMs) },
    ],
    parlance_delivered_events_total: one(tally.delivered),
    parlance_deliveries_total: by("kind", [
      ["durable", tally.deliveries],
      ["ephemeral", tally.ephemeralDeliveries],
    ]),
    parlance_sent_bytes_total: one(tally.sentBytes),
    parlance_writes_total: one(tally.writes),
    parlance_lagged_total: one(tally.lagged),
    parlance_catch_up_reads_total: one(tally.catchUpReads),
    parlance_repairs_total: one(tally.repairs),
    parlance_repaired_events_total: one(tally.repairedEvents),
    parlance_open_message_pieces_total: one(tally.storedPieces),
    parlance_open_message_store_duration_seconds: [
      { labels: {}, value: inSeconds(tally.piecesMs) },
    ],
    parlance_rate_limited_total: by("per", tally.rateLimited),
    parlance_node_questions_total: by("question", tally.questions),
    parlance_node_silences_total: one(tally.silentNodes),
    parlance_broker_interruptions_total: one(tally.interruptions),
  };
}

function brokerOf({ broker }: NodeParts): Samples {
  const connected = { parlance_broker_connected: one(broker.isConnected() ? 1 : 0) };
  const counts = broker.counts?.();
  if (counts === undefined) return connected;
  const { sent, received, ignored, dropped, queuedBytes } = counts;
  return {
    ...connected,
    parlance_broker_messages_total: by(
      "what",
      Object.entries({ sent, received, ignored, dropped }),
    ),
    parlance_broker_queued_bytes: one(queuedBytes),
  };
}

/** Also what a primary tells of the store that it has for its workers. */
export function batchesOf({ batches }: Pick<Store, "batches">): Samples {
  const counts = batches?.();
  if (counts === undefined) return {};
  return {
    parlance_database_transactions_total: one(counts.transactions),
    parlance_database_writes_total: one(counts.writes),
  };
}

function doorsOf(doors: NodeParts["doors"]): Samples {
  const states = Object.entries(doors.status());
  if (states.length === 0) return {};
  return {
    parlance_door_open: by(
      "door",
      states.map(([name, { isOpen }]) => [name, isOpen ? 1 : 0]),
    ),
    parlance_door_under_way: by(
      "door",
      states.map(([name, { underWay }]) => [name, underWay]),
    ),
    parlance_door_published_total: by(
      "door",
      states.map(([name, { published }]) => [name, published]),
    ),
    parlance_door_refused_total: by(
      "door",
      states.map(([name, { refused }]) => [name, refused]),
    ),
  };
}
