/** What a receiver gets: events of the logs as readers get them, with their epoch, and a few more. */
import { matchesAny, type WebhookBehind, type WebhookDelivery } from "@parlance/core";
import {
  durableTypes,
  type Epoch,
  type EventFrame,
  type RoomKind,
  type Sequence,
} from "@parlance/protocol";

/** One event of a request. */
export interface WebhookEvent {
  readonly id: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Types beside those of the logs. */
const others = [
  "job.finished",
  "presence.joined",
  "presence.left",
  "room.empty",
  "room.occupied",
  "user.online",
  "user.offline",
] as const;

/** Every type that can be asked for. */
export const webhookEventTypes: readonly string[] = [...durableTypes, ...others];

/** Those that are made of presence. */
const presenceTypes: readonly string[] = others.slice(1);

/** Whether a text is one of the types, or a pattern of some. */
export function isEventPattern(text: string): boolean {
  return text.length <= 64 && webhookEventTypes.some((type) => matchesAny([text], type));
}

/** Whether somebody has to know who is where. */
export function wantsPresence(events: readonly string[]): boolean {
  return presenceTypes.some((type) => matchesAny(events, type));
}

/** Whether it is told anything that is in the logs of rooms. */
export function wantsLogs(events: readonly string[]): boolean {
  return [...durableTypes, "job.finished"].some((type) => matchesAny(events, type));
}

/** An event of a log as it is sent; one with its text erased says so. */
export function logEvent(frame: EventFrame, epoch: Epoch): WebhookEvent {
  const { type, id, room, sequence, time, ...rest } = frame;
  return { id, type, room, epoch, sequence, time, ...rest };
}

/** Statuses with which a job is over. */
const finished: ReadonlySet<unknown> = new Set(["completed", "failed"]);

/** What an event of a log is to applications: itself, and the end of a job if it tells that. */
export function eventsOf(frame: EventFrame, epoch: Epoch, kind: RoomKind): readonly WebhookEvent[] {
  const event = logEvent(frame, epoch);
  if (kind !== "job" || "erased" in frame || frame.type !== "message.created") return [event];
  const status = frame.data.data?.["status"];
  if (!finished.has(status)) return [event];
  return [event, { ...event, id: `${frame.id}.finished`, type: "job.finished", status }];
}

/** Where deliveries of a room go on after its log got a new life, or lost its beginning before that was told. */
export function resetOf(behind: WebhookBehind, place: Sequence, now: number): WebhookEvent {
  const { room, epoch } = behind;
  return {
    id: `${room}.${behind.now.epoch}.${place}.reset`,
    type: "room.reset",
    room,
    epoch: behind.now.epoch,
    previous_epoch: epoch,
    previous_sequence: behind.place,
    sequence: place,
    time: new Date(now).toISOString(),
  };
}

/** What stands for an event that was given up once and is not in the log any more. */
export function lostEvent({ id, type, room, content }: WebhookDelivery): WebhookEvent {
  return { id, type, room, ...("body" in content ? {} : content), lost: true };
}

/** The body of a request. */
export function bodyOf(webhook: string, events: readonly WebhookEvent[]): string {
  return JSON.stringify({ webhook, events });
}
