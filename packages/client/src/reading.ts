/** Reading and answering: the commands behind `RoomReading` and `ClientReading`. */
import type {
  MarkedRead,
  MentionList,
  MessageVersion,
  MessageView,
  RoomId,
  RoomView,
  Sequence,
  ThreadList,
  ThreadPage,
  ThreadStanding,
  WireUser,
} from "@parlance/protocol";
import { KeepingClient, KeepingRoom } from "./keeping.ts";
import type {
  ClientReading,
  MentionsQuery,
  RoomReading,
  ThreadQuery,
  ThreadsQuery,
} from "./types-reading.ts";

/** What a room does beside what is live. */
export class ReadingRoom extends KeepingRoom implements RoomReading {
  view(): Promise<RoomView> {
    return this.link.request<"get_room">({ type: "get_room", room: this.id });
  }

  message(messageId: string): Promise<MessageView> {
    return this.link.request<"get_message">({ type: "get_message", ...this.#of(messageId) });
  }

  async versions(messageId: string): Promise<readonly MessageVersion[]> {
    const body = { type: "list_versions", ...this.#of(messageId) } as const;
    return (await this.link.request<"list_versions">(body)).versions;
  }

  thread(messageId: string, query: ThreadQuery = {}): Promise<ThreadPage> {
    const place = this.#of(messageId);
    return this.link.request<"list_thread">({ type: "list_thread", ...place, ...query });
  }

  followThread(messageId: string, on: boolean): Promise<ThreadStanding> {
    const place = this.#of(messageId);
    return this.link.request<"follow_thread">({ type: "follow_thread", ...place, on });
  }

  markThreadRead(messageId: string, sequence: Sequence): Promise<ThreadStanding> {
    const place = this.#of(messageId);
    return this.link.request<"mark_thread_read">({ type: "mark_thread_read", ...place, sequence });
  }

  markUnread(sequence: Sequence): Promise<MarkedRead> {
    return this.link.request<"mark_unread">({ type: "mark_unread", room: this.id, sequence });
  }

  async seenBy(messageId: string): Promise<readonly WireUser[]> {
    const body = { type: "seen_by", ...this.#of(messageId) } as const;
    return (await this.link.request<"seen_by">(body)).users;
  }

  #of(messageId: string): { readonly room: RoomId; readonly message_id: string } {
    return { room: this.id, message_id: messageId };
  }
}

/** What a client does beside what is live. */
export abstract class ReadingClient extends KeepingClient implements ClientReading {
  listThreads(query: ThreadsQuery = {}): Promise<ThreadList> {
    return this.request<"list_threads">({ type: "list_threads", ...query });
  }

  listMentions(query: MentionsQuery = {}): Promise<MentionList> {
    return this.request<"list_mentions">({ type: "list_mentions", ...query });
  }
}
