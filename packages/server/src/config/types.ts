/** The shape of the configuration, as everything else in the server sees it. */
import type { RateRule } from "@parlance/core";
import type { PusherWebhookEvent } from "@parlance/dialects/pusher";
import type { IssuerOptions } from "@parlance/identity";

/** The wire dialects that an endpoint can be given. Socket.IO has its own path and needs no entry. */
export const dialectNames = [
  "chatlogger",
  "mmb",
  "portico",
  "symfony-chat",
  "native",
  "yjs",
  "pusher",
] as const;
export type DialectName = (typeof dialectNames)[number];

/** Those whose frames carry no proof of who sends them. */
export const jsonDialectNames = ["chatlogger", "mmb", "portico", "symfony-chat"] as const;
export type JsonDialectName = (typeof jsonDialectNames)[number];

/** What Pusher's webhook may be told. */
export const pusherWebhookEvents: readonly PusherWebhookEvent[] = [
  "channel_occupied",
  "channel_vacated",
  "member_added",
  "member_removed",
  "client_event",
  "cache_miss",
  "subscription_count",
];

/** An endpoint of a dialect. At least one of port and path is given. */
export interface ListenEntry {
  readonly dialect: DialectName;
  /** Address to listen on, IPv6 without brackets. Absent: as the main port. Only beside a port. */
  readonly host?: string;
  /** Absent: the main port. 0: any that is free. */
  readonly port?: number;
  /** Begins with `/`. Absent: the dialect is spoken at every path of the port. */
  readonly path?: string;
  /** Opened where its port is free, and left out without a failure where it is not. */
  readonly isOptional?: true;
}

export const logLevels = ["auto", "debug", "info", "essential", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Everything that an operator can set, checked. Times in milliseconds but where the name says seconds, sizes in bytes. */
export interface Settings {
  readonly mode: "development" | "production";
  readonly host: string;
  readonly port: number;
  readonly listen: "auto" | readonly ListenEntry[];
  /** `auto`: one for each core. */
  readonly processes: "auto" | number;
  readonly public_url?: string;
  /** `host:port` of the listener for `/metrics`. */
  readonly metrics_listen?: string;
  readonly otlp_url?: string;
  /** Share of the commands that are traced where nobody says which, 0-1. */
  readonly trace_ratio: number;
  readonly embed?: string;
  /** Absolute. */
  readonly plugins: readonly string[];
  readonly plugin_environment: readonly string[];
  readonly data_dir: string;
  /** May contain a password. */
  readonly database_url: string;
  readonly database_connections: number;
  /** Absolute. */
  readonly files_dir?: string;
  /** May contain a password. */
  readonly broker_url: string;
  readonly secret?: string;
  readonly previous_secrets: readonly string[];
  readonly guests: "auto" | "open" | "closed";
  readonly sign_up: "open" | "closed";
  /** Without `null`, which is `null_origin`: it is no origin that the native dialect or REST may ever take. */
  readonly origins: readonly string[];
  readonly trusted_network: "auto" | readonly JsonDialectName[];
  readonly jwt_issuers: readonly IssuerOptions[];
  readonly trusted_proxies: readonly string[];
  readonly connect_hook_url?: string;
  /** Signs the hook's requests. Absent: the install's secret does. */
  readonly connect_hook_secret?: string;
  readonly connect_hook_timeout_ms: number;
  /** What becomes of a connection whose hook does not answer: it is refused, or goes on without an identity. */
  readonly connect_hook_fallback: "refuse" | "continue";
  readonly join_hook_url?: string;
  readonly join_hook_secret?: string;
  readonly join_hook_timeout_ms: number;
  readonly join_hook_fallback: "refuse" | "allow";
  /** Patterns, in which `*` stands for anything. */
  readonly join_hook_rooms: readonly string[];
  readonly join_hook_remember_ms: number;
  readonly publish_hook_url?: string;
  readonly publish_hook_secret?: string;
  readonly publish_hook_timeout_ms: number;
  readonly publish_hook_fallback: "refuse" | "pass";
  readonly publish_hook_rooms: readonly string[];
  readonly publish_hook_back_ends: boolean;
  readonly rpc_hook_url?: string;
  readonly rpc_hook_secret?: string;
  readonly rpc_hook_timeout_ms: number;
  /** Of each hook. */
  readonly hooks_at_once: number;
  readonly door_service: string;
  readonly door_impersonates: boolean;
  /** Absolute. */
  readonly spool_dir?: string;
  readonly spool: boolean;
  /** May contain a password, as the two others. */
  readonly redis_door_url?: string;
  readonly redis_door_channels: readonly string[];
  readonly redis_door_patterns: readonly string[];
  readonly redis_door_streams: readonly string[];
  readonly rabbitmq_door_url?: string;
  readonly rabbitmq_door_queue: string;
  readonly rabbitmq_door_exchange?: string;
  readonly rabbitmq_door_exchange_type: "topic" | "direct" | "fanout";
  readonly rabbitmq_door_routing_key: string;
  readonly nats_door_url?: string;
  readonly nats_door_subjects: readonly string[];
  readonly nats_door_stream?: string;
  readonly outbox: boolean;
  readonly webhook_timeout_ms: number;
  readonly webhook_give_up_ms: number;
  readonly time_zone: string;
  readonly chatlogger_room: string;
  readonly chatlogger_history: number;
  readonly mmb_chat: boolean;
  readonly mmb_collaboration: boolean;
  readonly mmb_notifications: boolean;
  readonly mmb_escape_html: boolean;
  readonly mmb_public_url?: string;
  readonly mmb_token_expiry_s: number;
  readonly mmb_auto_reconnect: boolean;
  readonly mmb_reconnect_delay_ms: number;
  readonly mmb_ping_interval_ms: number;
  readonly portico_chat_room: string;
  readonly portico_notification_room: string;
  /** The four are set together, but for the last, or not at all. */
  readonly pusher_app_id?: string;
  readonly pusher_key?: string;
  readonly pusher_secret?: string;
  readonly pusher_webhook_url?: string;
  readonly pusher_webhook_events: readonly PusherWebhookEvent[];
  /** `auto`: as guests may come in. */
  readonly pusher_public_channels: "auto" | "open" | "closed";
  /** Names of client events. */
  readonly pusher_stored_events: readonly string[];
  /** Largest file. */
  readonly file_bytes: number;
  /** All files of one user. */
  readonly file_quota_bytes: number;
  readonly log_level: LogLevel;
  readonly log_format: "auto" | "json" | "pretty";
  readonly log_to: "stderr" | "stdout" | "file";
  /** Absolute. */
  readonly log_file?: string;
  readonly compression: boolean;
  readonly max_connections: number;
  readonly connections_per_address: number;
  readonly commands_per_second: number;
  readonly command_burst: number;
  /** `auto`: as the two above say. */
  readonly rate_limits: "auto" | readonly RateRule[];
  readonly sign_ins_per_minute: number;
  readonly outbox_bytes: number;
  readonly stall_timeout_ms: number;
  readonly open_message_idle_ms: number;
  readonly document_bytes: number;
  readonly sign_in_timeout_ms: number;
  /** How often the heads of active rooms are compared with the log. */
  readonly poll_ms: number;
  readonly heartbeat_ms: number;
  readonly drain_ms: number;
  readonly stop_timeout_ms: number;
  readonly crash_at?: string;
}

export type SettingName = keyof Settings;

/** Where other systems' services are, as their variables say. Their passwords are in the settings that are made of them. */
export interface Doors {
  readonly redis?: { readonly host: string; readonly port: number };
  readonly rabbitmq?: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly vhost: string;
    /** Named by `MESSENGER_TRANSPORT_DSN` only. */
    readonly exchange?: string;
  };
}

/** The settings, and what follows from them and from the names of other systems. */
export interface Config extends Settings {
  /** `origins` lists `null`: pages opened from disk may connect to the four JSON dialects. */
  readonly null_origin: boolean;
  readonly doors: Doors;
}

/** One setting, for documents and flags. */
export interface Setting {
  readonly name: SettingName;
  /** `PARLANCE_DATA_DIR`. */
  readonly environment: string;
  /** `--data-dir`. Secrets have none: other users of the machine see the arguments of a process. */
  readonly flag: string | undefined;
  readonly form: string;
  readonly meaning: string;
  /** As it is written; absent where there is none. */
  readonly preset: string | undefined;
  /** Never shown. */
  readonly isSecret: boolean;
}
