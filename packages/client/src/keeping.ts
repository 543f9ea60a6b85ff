/** Finding and keeping: the commands behind `RoomKeeping` and `ClientKeeping`. */
import type {
  Draft,
  EventId,
  FileDeleted,
  FileId,
  FileView,
  PinList,
  Pinned,
  Published,
  RoomId,
  SavedList,
  SavedMessage,
  ScheduledMessage,
} from "@parlance/protocol";
import { newId, placeOf } from "./outbox.ts";
import { PeopleClient, PeopleRoom } from "./people.ts";
import type { ClientKeeping, DraftOptions, RoomKeeping, ScheduleOptions } from "./types-keeping.ts";

/** What a room does to keep messages. */
export class KeepingRoom extends PeopleRoom implements RoomKeeping {
  pin(messageId: EventId, on = true): Promise<Pinned> {
    const place = { room: this.id, message_id: messageId };
    return this.link.request<"pin_message">({ type: "pin_message", ...place, on });
  }

  pins(): Promise<PinList> {
    return this.link.request<"list_pins">({ type: "list_pins", room: this.id });
  }

  save(messageId: EventId, on = true): Promise<SavedMessage> {
    const place = { room: this.id, message_id: messageId };
    return this.link.request<"save_message">({ type: "save_message", ...place, on });
  }

  forward(
    messageId: EventId,
    to: string,
    { thread, clientMessageId = newId() }: Parameters<RoomKeeping["forward"]>[2] = {},
  ): Promise<Published> {
    return this.link.request<"forward_message">({
      type: "forward_message",
      room: to as RoomId,
      client_message_id: clientMessageId,
      from_room: this.id,
      message_id: messageId,
      ...(thread === undefined ? {} : { thread }),
    });
  }

  saveDraft(text: string, options: DraftOptions = {}): Promise<Draft> {
    return this.link.request<"save_draft">({
      type: "save_draft",
      room: this.id,
      text,
      ...options,
    });
  }

  schedule(
    text: string,
    at: string,
    { clientMessageId = newId(), ...options }: ScheduleOptions = {},
  ): Promise<ScheduledMessage> {
    return this.link.request<"schedule_message">({
      type: "schedule_message",
      room: this.id,
      client_message_id: clientMessageId,
      at,
      text,
      ...placeOf(options),
    });
  }

  async files(query: Parameters<RoomKeeping["files"]>[0] = {}): Promise<readonly FileView[]> {
    const command = { type: "list_files", room: this.id, ...query } as const;
    return (await this.link.request<"list_files">(command)).files;
  }

  deleteFile(file: FileId): Promise<FileDeleted> {
    const command = { type: "delete_file", room: this.id, file_id: file } as const;
    return this.link.request<"delete_file">(command);
  }
}

/** What a client does to keep messages of all rooms. */
export abstract class KeepingClient extends PeopleClient implements ClientKeeping {
  saved(query: Parameters<ClientKeeping["saved"]>[0] = {}): Promise<SavedList> {
    return this.request<"list_saved">({ type: "list_saved", ...query });
  }

  async drafts(): Promise<readonly Draft[]> {
    return (await this.request<"list_drafts">({ type: "list_drafts" })).drafts;
  }

  async scheduled(): Promise<readonly ScheduledMessage[]> {
    return (await this.request<"list_scheduled">({ type: "list_scheduled" })).scheduled;
  }

  cancelScheduled(
    clientMessageId: ScheduledMessage["client_message_id"],
  ): Promise<ScheduledMessage> {
    const command = { type: "cancel_scheduled", client_message_id: clientMessageId } as const;
    return this.request<"cancel_scheduled">(command);
  }
}
