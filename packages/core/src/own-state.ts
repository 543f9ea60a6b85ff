/**
 * What is one person's own, as an export has it and an import takes it. An operator's door. It is in no log, so a line says how it stands; what
 * its owner did here since stays, and a line that comes again changes nothing.
 */
import {
  type ImportedDraft,
  type ImportedFollowing,
  type ImportedMark,
  type ImportedOwn,
  type ImportedPreferences,
  type ImportedProfile,
  type ImportedSaved,
  type ImportedScheduled,
  limits,
  type Principal,
  type UserId,
} from "@parlance/protocol";
import { fromBase64, pictureType } from "./picture.ts";
import {
  type Clock,
  type Directory,
  everywhere,
  type PictureRecord,
  type RoomLog,
  type ScheduledRecord,
} from "./ports/index.ts";

export interface OwnPorts {
  readonly log: Pick<RoomLog, "messages" | "open">;
  readonly directory: Directory;
  readonly clock: Clock;
}

/** How an item stands: `here` was so already, or its owner has something newer. */
export type OwnResult = "taken" | "here" | { readonly why: string };

/** Followed threads and saved messages that are read at once. */
const pageItems = 200;

/**
 * All that is one person's own, in the order in which an import takes it. Bounded as each of its kinds is; of more than
 * `limits.listItems` rooms or threads the rest is left out.
 *
 * @throws StorageError
 */
export async function* exportOwn(
  directory: Directory,
  user: UserId,
): AsyncGenerator<ImportedOwn, void, undefined> {
  const [record] = await directory.profilesOf([user]);
  if (record !== undefined) {
    const { picture: id, ...profile } = record.profile;
    const picture = id === undefined ? undefined : await directory.picture(id);
    const shown = picture === undefined ? {} : { picture: pictureLine(picture) };
    if (Object.keys(profile).length > 0 || picture !== undefined) {
      yield { type: "profile", user, profile, ...shown };
    }
  }
  for (const { room, preferences } of await directory.preferencesOf(user, limits.listItems)) {
    const where = room === everywhere ? {} : { room };
    yield { type: "preferences", user, ...where, preferences };
  }
  for (const { room, readMark, unreadAfter } of await directory.roomsOf(user, limits.listItems)) {
    yield { type: "mark", room, user, read_mark: readMark, unread_after: unreadAfter };
  }
  for (const follows of [true, false]) yield* followings(directory, user, follows);
  // The one that was written last stays the newest.
  for (const draft of (await directory.drafts(user)).toReversed()) {
    const { room, thread, text, replyTo, editedAt } = draft;
    yield {
      type: "draft",
      user,
      room,
      ...(thread === undefined ? {} : { thread }),
      text,
      ...(replyTo === undefined ? {} : { reply_to: replyTo }),
      edited_at: new Date(editedAt).toISOString(),
    };
  }
  for (const record of await directory.scheduled(user)) yield scheduledLine(user, record);
  const saved = await directory.savedMessages({ user, limit: limits.savedMessages });
  for (const { room, id } of saved.toReversed()) yield { type: "saved", user, room, message: id };
}

async function* followings(
  directory: Directory,
  user: UserId,
  follows: boolean,
): AsyncGenerator<ImportedFollowing, void, undefined> {
  let before: number | undefined;
  for (let seen = 0; seen < limits.listItems; seen += pageItems) {
    const query = { user, follows, limit: pageItems, ...(before === undefined ? {} : { before }) };
    const page = await directory.followedThreads(query);
    for (const { room, root, readMark } of page) {
      yield {
        type: "following",
        room,
        thread: root,
        user,
        read_mark: readMark,
        ...(follows ? {} : { follows: false }),
      };
    }
    before = page.at(-1)?.lastNumber;
    if (page.length < pageItems || before === undefined) return;
  }
}

/* One that is being sent is sent here too: its client message id tells whether it was. */
function scheduledLine(
  user: UserId,
  { room, key, at, content, state, reason }: ScheduledRecord,
): ImportedScheduled {
  return {
    type: "scheduled",
    user,
    room,
    client_message_id: key,
    at: new Date(at).toISOString(),
    ...content,
    ...(state === "refused" && reason !== undefined ? { refused: reason } : {}),
  };
}

function pictureLine({ id, mediaType, data }: PictureRecord): ImportedProfile["picture"] & object {
  return { id, media_type: mediaType, data };
}

/** Takes one item; who and what it is about has to be there. @throws StorageError */
export async function takeOwn(ports: OwnPorts, item: ImportedOwn): Promise<OwnResult> {
  switch (item.type) {
    case "mark":
      return takeMark(ports, item);
    case "following":
      return takeFollowing(ports, item);
    case "preferences":
      return takePreferences(ports, item);
    case "draft":
      return takeDraft(ports, item);
    case "scheduled":
      return takeScheduled(ports, item);
    case "saved":
      return takeSaved(ports, item);
    case "profile":
      return takeProfile(ports, item);
  }
}

/* Only while nobody has read on here is what was marked unread there unread here. */
async function takeMark(
  { directory }: OwnPorts,
  { room, user, read_mark: readMark, unread_after: unreadAfter }: ImportedMark,
): Promise<OwnResult> {
  const before = await directory.roomOf(user, room);
  if (before === undefined) return { why: "no member of the room" };
  const isThere = before.readMark > readMark || before.unreadAfter === unreadAfter;
  if (isThere && before.readMark >= readMark) return "here";
  const marks = await directory.markRead(room, user, readMark);
  if (unreadAfter < readMark && marks?.readMark === readMark) {
    await directory.markUnread(room, user, unreadAfter);
  }
  return "taken";
}

/* The mark first: whoever begins to follow without one has all of it read. */
async function takeFollowing(
  ports: OwnPorts,
  { room, thread, user, read_mark: readMark, follows: stated }: ImportedFollowing,
): Promise<OwnResult> {
  const { directory } = ports;
  const follows = stated ?? true;
  if (!(await isThere(ports, room, thread))) return { why: "the thread is not there" };
  const before = await directory.threadStanding(thread, user);
  const isSo = before.follows === follows && before.readMark >= readMark;
  // Whoever has read on here follows it as they like here.
  if (follows ? isSo : before.readMark > readMark) return "here";
  await directory.markThreadRead(room, thread, user, readMark);
  await directory.followThread(room, thread, user, follows);
  return isSo ? "here" : "taken";
}

async function takePreferences(
  { directory }: OwnPorts,
  { user, room = everywhere, preferences }: ImportedPreferences,
): Promise<OwnResult> {
  if ((await directory.user(user)) === undefined) return { why: "nobody is called so" };
  if (room !== everywhere && (await directory.roomOf(user, room)) === undefined) {
    return { why: "no member of the room" };
  }
  const all = await directory.preferencesOf(user, limits.listItems);
  if (all.some((one) => one.room === room)) return "here";
  await directory.changePreferences(room, user, preferences);
  return "taken";
}

async function takeDraft(
  { directory }: OwnPorts,
  { user, room, thread, text, reply_to: replyTo, edited_at: editedAt }: ImportedDraft,
): Promise<OwnResult> {
  if ((await directory.roomOf(user, room)) === undefined) return { why: "no member of the room" };
  const draft = {
    room,
    text,
    editedAt: Date.parse(editedAt),
    ...(thread === undefined ? {} : { thread }),
    ...(replyTo === undefined ? {} : { replyTo }),
  };
  const same = (await directory.drafts(user)).find(
    (one) => one.room === room && one.thread === thread,
  );
  if (same !== undefined && same.editedAt >= draft.editedAt) return "here";
  const kept = await directory.saveDraft(room, user, draft, limits.drafts);
  if (kept === undefined) return { why: "too many drafts" };
  return kept.editedAt === draft.editedAt ? "taken" : "here";
}

/* Who writes is told by the directory, as their rights are when it is sent. */
async function takeScheduled(
  { log, directory }: OwnPorts,
  { type: _, user, room, client_message_id: key, at, refused, ...content }: ImportedScheduled,
): Promise<OwnResult> {
  const writer = await directory.user(user);
  if (writer === undefined) return { why: "nobody is called so" };
  if (writer.kind === "service") return { why: "a back end has nothing waiting" };
  if ((await log.open(room)) === undefined) return { why: "there is no such room" };
  if ((await directory.scheduled(user)).some((one) => one.key === key)) return "here";
  const { name, kind, number } = writer;
  const isNumbered = kind !== "external";
  const record: ScheduledRecord = {
    room,
    key,
    at: Date.parse(at),
    content,
    author: {
      user,
      name,
      kind,
      principal: user as string as Principal,
      ...(isNumbered ? { number } : {}),
    },
    ...(refused === undefined ? { state: "waiting" } : { state: "refused", reason: refused }),
  };
  const kept = await directory.schedule(room, user, record, limits.scheduled);
  return kept === "kept" ? "taken" : { why: "too many scheduled messages" };
}

async function takeSaved(
  ports: OwnPorts,
  { user, room, message }: ImportedSaved,
): Promise<OwnResult> {
  if (!(await isThere(ports, room, message))) return { why: "the message is not there" };
  const { directory } = ports;
  const saved = await directory.savedMessages({ user, limit: limits.savedMessages });
  if (saved.some(({ id }) => id === message)) return "here";
  const isSaved = await directory.saveMessage(room, message, user, true, limits.savedMessages);
  return isSaved ? "taken" : { why: "too many saved messages" };
}

async function takeProfile(
  { directory, clock }: OwnPorts,
  { user, profile, picture }: ImportedProfile,
): Promise<OwnResult> {
  const [record] = await directory.profilesOf([user]);
  if (record === undefined) return { why: "nobody is called so" };
  if (Object.keys(record.profile).length > 0) return "here";
  if (picture !== undefined) {
    // Security: what it is is seen from its bytes, as where somebody gives it.
    const bytes = fromBase64(picture.data);
    const mediaType =
      bytes === undefined || bytes.length > limits.pictureBytes ? undefined : pictureType(bytes);
    if (mediaType === undefined) return { why: "no picture that is taken here" };
    const { id, data } = picture;
    await directory.setPicture(user, { id, mediaType, data }, clock.now());
  }
  await directory.changeProfile(user, profile, clock.now());
  return "taken";
}

async function isThere(
  { log }: OwnPorts,
  room: ImportedSaved["room"],
  id: ImportedSaved["message"],
): Promise<boolean> {
  const page = await log.messages({ room, ids: [id], limit: 1 });
  return page !== undefined && page.messages.length > 0;
}
