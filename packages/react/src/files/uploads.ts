/** Files on their way into rooms: one at a time for each room, with what is known of each in the state. */
import type { Client } from "@parlance/client";
import { codeOf } from "../chat/failure-text.ts";
import { newId } from "../chat/new-id.ts";
import type { Action } from "../state/actions.ts";
import type { UploadView } from "../state/model.ts";
import { uploadFile } from "./upload.ts";

/** Acts on files. They return at once; what comes of them is in the state. */
export interface Uploads {
  /** Sends files, in their order. */
  upload(room: string, files: readonly File[]): void;
  /** Ends one that is on its way, or forgets one that failed. */
  cancelUpload(room: string, id: string): void;
  retryUpload(room: string, id: string): void;
}

interface Entry {
  readonly room: string;
  readonly file: File;
  readonly control: AbortController;
  view: UploadView;
}

/** Uploads of one chat. */
export function createUploads(
  client: Client,
  dispatch: (action: Action) => void,
): Uploads & { close(): void } {
  const entries = new Map<string, Entry>();
  const queues = new Map<string, Promise<void>>();

  const show = (entry: Entry, change: Partial<UploadView>): void => {
    entry.view = { ...entry.view, ...change };
    if (entries.get(entry.view.id) !== entry) return;
    dispatch({ type: "upload_changed", room: entry.room, upload: entry.view });
  };
  const forget = (entry: Entry): void => {
    entries.delete(entry.view.id);
    dispatch({ type: "upload_gone", room: entry.room, id: entry.view.id });
  };
  const send = async (entry: Entry): Promise<void> => {
    if (entry.control.signal.aborted) return;
    show(entry, { state: "sending" });
    try {
      await uploadFile(client, entry.file, {
        room: entry.room,
        id: entry.view.id,
        signal: entry.control.signal,
        onProgress: ({ sent }) => show(entry, { sent }),
      });
      forget(entry);
    } catch (error) {
      if (entry.control.signal.aborted) return;
      show(entry, { state: "failed", reason: codeOf(error) });
    }
  };
  const enqueue = (entry: Entry): void => {
    entries.set(entry.view.id, entry);
    show(entry, { state: "waiting", sent: 0, reason: undefined });
    const before = queues.get(entry.room) ?? Promise.resolve();
    queues.set(
      entry.room,
      before.then(() => send(entry)),
    );
  };
  return {
    upload: (room, files) => {
      for (const file of files) {
        enqueue({
          room,
          file,
          control: new AbortController(),
          view: {
            id: newId(),
            name: file.name,
            bytes: file.size,
            sent: 0,
            state: "waiting",
            reason: undefined,
          },
        });
      }
    },
    cancelUpload: (_room, id) => {
      const entry = entries.get(id);
      entry?.control.abort();
      if (entry !== undefined) forget(entry);
    },
    retryUpload: (_room, id) => {
      const entry = entries.get(id);
      if (entry?.view.state === "failed") enqueue(entry);
    },
    close: () => {
      for (const { control } of entries.values()) control.abort();
      entries.clear();
    },
  };
}
