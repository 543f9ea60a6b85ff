/** Every metric that a server has: what Prometheus, the dashboard, the alerts and `docs/operations/metrics.md` know is this table. */

export type MetricType = "counter" | "gauge" | "histogram";

export interface Metric {
  readonly type: MetricType;
  /** Beside `worker`, which all have in a server of several processes. Each has few values, whoever uses the server. */
  readonly labels: readonly string[];
  readonly help: string;
}

/** Type, meaning and labels. Seconds and bytes, as Prometheus wants them. */
const rows = {
  parlance_build_info: [
    "gauge",
    "Always 1; its labels say what runs.",
    "version",
    "node_version",
    "database",
    "broker",
  ],
  parlance_draining: ["gauge", "1 while the server sends its clients away to stop."],
  parlance_workers: ["gauge", "Worker processes that serve; only with several."],
  parlance_workers_wanted: ["gauge", "Worker processes that should serve."],

  parlance_connections: ["gauge", "Live connections.", "dialect"],
  parlance_connections_opened_total: ["counter", "Connections opened.", "dialect"],
  parlance_connections_closed_total: [
    "counter",
    "Connections closed: `left`, `shutdown`, or a code of the error table.",
    "reason",
  ],
  parlance_rooms: ["gauge", "Rooms open on the node."],
  parlance_subscriptions: ["gauge", "Live subscriptions of connections to rooms."],
  parlance_present: [
    "gauge",
    "Users present through the node, counted once for each room that they are in.",
  ],

  parlance_received_frames_total: ["counter", "Frames of clients that were read."],
  parlance_bad_frames_total: ["counter", "Frames that were not understood."],
  parlance_commands_total: [
    "counter",
    "Commands answered. `via`: the dialect of the connection, `http`, or a door.",
    "via",
    "command",
  ],
  parlance_command_duration_seconds: [
    "histogram",
    "From the beginning of a command to its answer.",
    "command",
  ],
  parlance_errors_total: [
    "counter",
    "Errors told to clients, by their code; `rate_limited` are those who sent too much.",
    "code",
  ],
  parlance_http_requests_total: [
    "counter",
    "HTTP requests answered by the REST API and the pages.",
    "method",
    "status",
  ],
  parlance_http_request_duration_seconds: [
    "histogram",
    "From an HTTP request to the end of its answer.",
    "method",
  ],

  parlance_committed_events_total: ["counter", "Durable events that the node committed."],
  parlance_repeated_appends_total: [
    "counter",
    "Appends that were stored before under the same key, and were answered with the first place.",
  ],
  parlance_unread_checks_total: [
    "counter",
    "Comparisons of what one person is told to be unread in one room with what the log says.",
  ],
  parlance_unread_mismatches_total: [
    "counter",
    "Such comparisons that did not agree. Anything but 0 is a bug.",
  ],
  parlance_acknowledgement_duration_seconds: [
    "histogram",
    "From the hand-over of an event to the log until it is committed and can be acknowledged.",
  ],
  parlance_delivered_events_total: [
    "counter",
    "Durable events that the node gave to its rooms, each once, wherever they were committed.",
  ],
  parlance_deliveries_total: [
    "counter",
    "Events given to live subscriptions: events times readers.",
    "kind",
  ],
  parlance_sent_bytes_total: ["counter", "Bytes handed to transports."],
  parlance_writes_total: ["counter", "Writes to transports; several frames go in one."],
  parlance_outbox_bytes: ["gauge", "Bytes queued for connections, beyond what sockets hold."],
  parlance_lagging_connections: ["gauge", "Connections that are fed from the log."],
  parlance_lagged_total: ["counter", "Times that a connection began to lag."],
  parlance_catch_up_reads_total: ["counter", "Pages read from the log for readers behind."],
  parlance_repairs_total: ["counter", "Times that a room looked for what it had missed."],
  parlance_repaired_events_total: ["counter", "Events found so in the log."],

  parlance_open_messages: [
    "gauge",
    "Open messages that are written through the node, or were a minute ago.",
  ],
  parlance_open_message_pieces_total: ["counter", "Pieces of open messages that were stored."],
  parlance_open_message_store_duration_seconds: [
    "histogram",
    "Transactions of such pieces: what came in a moment is one.",
  ],
  parlance_rate_limited_total: [
    "counter",
    "Commands that a rate refused, by whose rate it was: `user`, `key`, `network`, `connection`.",
    "per",
  ],
  parlance_rates_shared: [
    "gauge",
    "1 while rates hold over all processes, 0 while their store is away and each goes by its own.",
  ],
  parlance_node_questions_total: [
    "counter",
    "Questions of the node to all nodes, for operators and presence.",
    "question",
  ],
  parlance_node_silences_total: ["counter", "Nodes that gave no answer to one, each time."],

  parlance_broker_connected: ["gauge", "1 while notices flow to the other nodes."],
  parlance_broker_interruptions_total: ["counter", "Times that notices may have been missed."],
  parlance_broker_messages_total: [
    "counter",
    "Messages of the broker: `sent`, `received`, `ignored` (corrupt or foreign), `dropped` (it was away or slow).",
    "what",
  ],
  parlance_broker_queued_bytes: ["gauge", "Bytes that wait for the broker."],

  parlance_database_up: ["gauge", "1 if the database answered just now."],
  parlance_database_duration_seconds: [
    "histogram",
    "From a question to the database to its answer, waiting for a place in a batch included.",
    "operation",
  ],
  parlance_database_errors_total: [
    "counter",
    "Questions that failed. `effect`: whether a write surely did not happen (`none`) or may have (`unknown`).",
    "operation",
    "effect",
  ],
  parlance_database_transactions_total: ["counter", "Batches of writes begun."],
  parlance_database_writes_total: [
    "counter",
    "Writes in them; divided by the batches, the mean size of a batch.",
  ],

  parlance_door_open: ["gauge", "1 while a door can be reached.", "door"],
  parlance_door_under_way: ["gauge", "Publications taken and not yet decided.", "door"],
  parlance_door_published_total: ["counter", "Publications that became messages.", "door"],
  parlance_door_refused_total: ["counter", "Publications that were refused.", "door"],
  parlance_spool_files: ["gauge", "Files that wait in the spool."],

  parlance_hook_questions_total: [
    "counter",
    "Questions to the application, by how they ended: `answered`, `refused`, `silent`, or `unasked` while the hook was paused.",
    "hook",
    "outcome",
  ],
  parlance_hook_silences_total: ["counter", "Those that were silent, by why.", "hook", "reason"],
  parlance_hook_duration_seconds: [
    "histogram",
    "From a question to its end, waiting for a free place included.",
    "hook",
  ],
  parlance_hook_under_way: ["gauge", "Questions that wait for their answer.", "hook"],
  parlance_hook_paused: [
    "gauge",
    "1 while nobody is asked, since nobody answered and silence lets pass.",
    "hook",
  ],

  parlance_webhooks: [
    "gauge",
    "Webhooks that are `delivering` or `paused`; told by the node that delivers, as all that follow.",
    "state",
  ],
  parlance_webhook_lag_events: [
    "gauge",
    "Events that wait for a webhook, asked for or not; absent while it is paused.",
    "webhook",
  ],
  parlance_webhook_oldest_seconds: [
    "gauge",
    "How long the oldest of them has waited; 0 without any.",
    "webhook",
  ],
  parlance_webhook_dead: ["gauge", "Events that were given up and are kept.", "webhook"],
  parlance_webhook_requests_total: [
    "counter",
    "Requests to a webhook that were `taken`, or `failed`.",
    "webhook",
    "outcome",
  ],
  parlance_webhook_events_total: ["counter", "Events that were taken.", "webhook"],
  parlance_webhook_given_up_total: ["counter", "Events that were given up.", "webhook"],

  parlance_event_loop_delay_seconds: [
    "gauge",
    "How late timers were in the last ten seconds.",
    "quantile",
  ],
  parlance_event_loop_utilization_ratio: [
    "gauge",
    "Share of the last ten seconds in which the event loop was busy.",
  ],
  parlance_gc_duration_seconds: ["histogram", "Pauses of the garbage collector.", "kind"],
  parlance_heap_used_bytes: ["gauge", "Heap in use."],
  process_resident_memory_bytes: ["gauge", "Memory of the process."],
  process_cpu_seconds_total: ["counter", "Processor time, of user and system."],
  process_start_time_seconds: ["gauge", "When the process began, in seconds since 1970."],
  process_open_fds: ["gauge", "Open files and sockets; where the system tells."],
} as const;

export type MetricName = keyof typeof rows;

/** In the order in which they are told. */
export const metricNames: readonly MetricName[] = Object.keys(rows) as MetricName[];

/** What is known of a metric. */
export function metricOf(name: MetricName): Metric {
  const [type, help, ...labels] = rows[name];
  return { type, help, labels };
}
