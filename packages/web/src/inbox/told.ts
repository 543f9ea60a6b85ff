/**
 * How far each inbox was told in this browser, for all its windows together. In IndexedDB, whose transactions are one after
 * the other whatever window they are of; what one window writes to `localStorage` another may see late, and would tell again.
 */
import type { Notice } from "./notification.ts";

/** A notification with the life of the log that it is in. */
export interface Told {
  readonly notice: Notice;
  readonly epoch: string;
}

interface Place {
  readonly epoch: string;
  readonly sequence: number;
}

/** By the id of the room. */
const storeName = "told";

/** Takes those that no window has told yet; from now on they count as told. All of them, where the browser keeps nothing. */
export async function claim<T extends Told>(all: readonly T[]): Promise<readonly T[]> {
  try {
    const database = await openPlaces();
    return await claimIn(database, all).finally(() => database.close());
  } catch {
    return all;
  }
}

async function claimIn<T extends Told>(database: IDBDatabase, all: readonly T[]): Promise<T[]> {
  const transaction = database.transaction(storeName, "readwrite");
  const ended = new Promise<void>((resolve, reject) => {
    transaction.addEventListener("complete", () => resolve());
    transaction.addEventListener("abort", () => reject(transaction.error ?? new Error("aborted")));
  });
  const places = transaction.objectStore(storeName);
  const mine: T[] = [];
  for (const one of all) {
    const { epoch, notice } = one;
    const last = (await answerOf(places.get(notice.room))) as Place | undefined;
    if (last?.epoch === epoch && last.sequence >= notice.sequence) continue;
    places.put({ epoch, sequence: notice.sequence } satisfies Place, notice.room);
    mine.push(one);
  }
  await ended;
  return mine;
}

function openPlaces(): Promise<IDBDatabase> {
  const opening = indexedDB.open("parlance", 1);
  opening.addEventListener("upgradeneeded", () => opening.result.createObjectStore(storeName));
  return answerOf(opening);
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("refused")));
  });
}
