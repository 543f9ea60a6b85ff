/** For tests: random acts in a room, and a server that is as simple as can be. */
import type { EventFrame, MessageView, WireUser } from "@parlance/client";
import fc from "fast-check";

/** The reader. */
export const me: WireUser = { id: "u_0", name: "N0", kind: "account" } as WireUser;
const emoji = ["A", "B"];

/** What somebody may do. Numbers choose among what is there. */
export type Step =
  | { readonly kind: "write"; readonly by: number }
  | { readonly kind: "reply"; readonly by: number; readonly to: number }
  | { readonly kind: "answer"; readonly by: number; readonly to: number }
  | { readonly kind: "edit"; readonly of: number }
  | { readonly kind: "delete"; readonly of: number }
  | { readonly kind: "react"; readonly by: number; readonly of: number; readonly emoji: number }
  | { readonly kind: "unreact"; readonly by: number; readonly of: number; readonly emoji: number }
  | { readonly kind: "update"; readonly topic: number; readonly lines: boolean }
  | { readonly kind: "join"; readonly by: number };

const by = fc.nat(2);
const one = fc.nat(30);
/** Any of them. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("write" as const), by }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("reply" as const), by, to: one }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("answer" as const), by, to: one }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("edit" as const), of: one }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete" as const), of: one }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("react" as const), by, of: one, emoji: fc.nat(1) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("unreact" as const), by, of: one, emoji: fc.nat(1) }),
  },
  fc.record({ kind: fc.constant("update" as const), topic: fc.nat(3), lines: fc.boolean() }),
  fc.record({ kind: fc.constant("join" as const), by }),
);

/** A message as it is now. */
export interface Said {
  readonly id: string;
  readonly author: string;
  readonly thread: string | undefined;
  readonly replyTo: string | undefined;
  text: string | undefined;
  isEdited: boolean;
  readonly reactions: Map<string, Set<string>>;
  readonly event: EventFrame;
}

/** A server of one room, as simple as can be: `log` as it is delivered, `erased` as it is read later. */
export class Model {
  readonly log: EventFrame[] = [];
  readonly said: Said[] = [];
  settings: { topic?: string; system_lines?: false } = {};
  readonly #gone = new Set<string>();

  do(step: Step): void {
    const target = (index: number): Said | undefined =>
      this.said[index % Math.max(1, this.said.length)];
    switch (step.kind) {
      case "write":
        return this.#say(step.by, undefined, undefined);
      case "reply": {
        const to = target(step.to);
        return to === undefined ? undefined : this.#say(step.by, to.thread ?? to.id, undefined);
      }
      case "answer": {
        const to = target(step.to);
        return to === undefined ? undefined : this.#say(step.by, undefined, to.id);
      }
      case "edit": {
        const of = target(step.of);
        if (of?.text === undefined) return;
        of.text = `${of.text}+`;
        of.isEdited = true;
        this.#add("message.edited", of.author, {
          message_id: of.id,
          text: of.text,
          editor_name: "E",
        });
        return;
      }
      case "delete": {
        const of = target(step.of);
        if (of?.text === undefined) return;
        of.text = undefined;
        of.isEdited = false;
        of.reactions.clear();
        this.#gone.add(of.id);
        const thread = of.thread === undefined ? {} : { thread: of.thread };
        this.#add("message.deleted", of.author, { message_id: of.id, by: of.author, ...thread });
        return;
      }
      case "react":
      case "unreact": {
        const of = target(step.of);
        const sign = emoji[step.emoji] ?? "A";
        const user = `u_${step.by}`;
        const users = of?.reactions.get(sign) ?? new Set<string>();
        const isOn = step.kind === "react";
        if (of?.text === undefined || users.has(user) === isOn) return;
        if (isOn) of.reactions.set(sign, users.add(user));
        else users.delete(user);
        if (users.size === 0) of.reactions.delete(sign);
        const name = isOn ? { user_name: `N${step.by}` } : {};
        this.#add(isOn ? "reaction.added" : "reaction.removed", user, {
          message_id: of.id,
          emoji: sign,
          ...name,
        });
        return;
      }
      case "update": {
        const { topic: _t, system_lines: _l, ...others } = this.settings;
        this.settings = {
          ...others,
          ...(step.topic === 0 ? {} : { topic: `t${step.topic}` }),
          ...(step.lines ? {} : { system_lines: false }),
        };
        const changes = {
          topic: step.topic === 0 ? null : `t${step.topic}`,
          system_lines: step.lines,
        };
        this.#add("room.updated", "u_1", { ...changes, editor_name: "E" });
        return;
      }
      case "join":
        this.#add("member.joined", `u_${step.by + 5}`, {
          user: `u_${step.by + 5}`,
          name: "J",
          role: "member",
        });
        return;
      default:
        step satisfies never;
    }
  }

  /** The log as it is read now: what was deleted has no payload any more, and its versions neither. */
  get stored(): EventFrame[] {
    return this.log.map((event) => {
      const data = "erased" in event ? {} : (event.data as { message_id?: string });
      const about = event.type === "message.deleted" ? undefined : data.message_id;
      const isGone = this.#gone.has(event.id) || (about !== undefined && this.#gone.has(about));
      if (!isGone) return event;
      const { data: _, ...envelope } = event as Extract<EventFrame, { data: unknown }>;
      return { ...envelope, erased: true } as EventFrame;
    });
  }

  view(said: Said): MessageView {
    const replies = this.said.filter((one) => one.thread === said.id);
    const last = replies.at(-1)?.event;
    const quoted = this.said.find((one) => one.id === said.replyTo);
    return {
      id: said.id,
      room: "r",
      sequence: said.event.sequence,
      author: said.author,
      author_name: said.text === undefined ? "" : said.author.replace("u_", "N"),
      text: said.text ?? "",
      time: said.event.time,
      ...(said.text === undefined ? { deleted: true } : {}),
      ...(said.isEdited ? { edited_at: said.event.time } : {}),
      ...(said.reactions.size === 0
        ? {}
        : {
            reactions: [...said.reactions].map(([sign, users]) => ({
              emoji: sign,
              count: users.size,
              users: [...users],
            })),
          }),
      ...(last === undefined
        ? {}
        : {
            replies: {
              count: replies.length,
              last_sequence: last.sequence,
              last_time: last.time,
              people: [...new Set(replies.map((one) => one.author))],
            },
          }),
      ...(said.thread === undefined ? {} : { thread: said.thread }),
      ...(quoted === undefined || said.text === undefined
        ? {}
        : {
            reply_to: {
              message_id: quoted.id,
              sequence: quoted.event.sequence,
              author: quoted.author,
              author_name: quoted.text === undefined ? "" : quoted.author.replace("u_", "N"),
              text: quoted.text ?? "",
              ...(quoted.text === undefined ? { deleted: true } : {}),
            },
          }),
    } as unknown as MessageView;
  }

  #say(user: number, thread: string | undefined, replyTo: string | undefined): void {
    const author = `u_${user}`;
    const text = `text ${this.log.length + 1}`;
    const place = {
      ...(thread === undefined ? {} : { thread }),
      ...(replyTo === undefined ? {} : { reply_to: replyTo }),
    };
    const event = this.#add("message.created", author, { text, author_name: `N${user}`, ...place });
    this.said.push({
      id: event.id,
      author,
      thread,
      replyTo,
      text,
      isEdited: false,
      reactions: new Map(),
      event,
    });
  }

  #add(type: string, author: string, data: object): EventFrame {
    const sequence = this.log.length + 1;
    const time = new Date(1_700_000_000_000 + sequence * 1_000).toISOString();
    const event = {
      type,
      room: "r",
      sequence,
      id: `e${sequence}`,
      author,
      time,
      data,
    } as EventFrame;
    this.log.push(event);
    return event;
  }
}
