/** Everything that pages may use: a provider, hooks, and components. Needs `@parlance/react/styles.css`. */
export { builtIns } from "./asking/built-in.ts";
export { type Chat, type ChatOptions, startChat } from "./chat/chat.ts";
export { ChatContext, useChat, useChatState, useRoom } from "./chat/context.ts";
export { codeOf, useFailureText } from "./chat/failure-text.ts";
export { inboxesOf } from "./chat/inboxes.ts";
export { newId } from "./chat/new-id.ts";
export { findRooms, groupRooms, type RoomGroup, sortRooms } from "./chat/order.ts";
export type { MadeKind } from "./chat/room-acts.ts";
export { type KeyValue, local, perWindow, readStored, writeStored } from "./chat/storage.ts";
export { ClosedBar, closedTo } from "./composer/closed-bar.tsx";
export { Composer } from "./composer/composer.tsx";
export { createDrafts, type Drafts, draftKey } from "./composer/drafts.ts";
export { LaterChoice } from "./composer/later-button.tsx";
export { fieldTime, problemOf } from "./composer/later-times.ts";
export { type ComposerState, useComposer } from "./composer/use-composer.ts";
export {
  isThere,
  type MessageAction,
  type MessageActionHost,
} from "./conversation/actions.ts";
export { Completeness } from "./conversation/completeness.tsx";
export { ConnectionLine } from "./conversation/connection-line.tsx";
export { EmojiGrid } from "./conversation/emoji-grid.tsx";
export { Failure } from "./conversation/failure.tsx";
export { History } from "./conversation/history.tsx";
export { JoinBar } from "./conversation/join-bar.tsx";
export { keyTarget } from "./conversation/list-keys.ts";
export type { HistoryHandle } from "./conversation/message-list.tsx";
export { RoomSkeleton } from "./conversation/room-skeleton.tsx";
export { buildRows, type MessageRow, type Row, type SystemRow } from "./conversation/rows.ts";
export { useReading } from "./conversation/use-reading.ts";
export { DropZone } from "./files/drop-zone.tsx";
export { FileCard } from "./files/file-card.tsx";
export { serverFiles } from "./files/server-files.ts";
export { UploadList } from "./files/upload-list.tsx";
export { useFiles } from "./files/use-files.ts";
export * from "./hooks.ts";
export { MessageText, preloadMarkdown } from "./markdown/message-text.tsx";
export { plainLine } from "./markdown/plain-line.ts";
export { PeoplePanel, type PeoplePanelProps } from "./people/people-panel.tsx";
export { type OpenPerson, PersonContext, usePerson } from "./people/person-context.ts";
export { PersonMark, PersonName } from "./people/person-name.tsx";
export { mayRemove } from "./people/remove-member.tsx";
export { TypingLine } from "./people/typing-line.tsx";
export { ParlanceProvider } from "./provider.tsx";
export { Room } from "./room.tsx";
export type { Action } from "./state/actions.ts";
export type { Kept } from "./state/kept.ts";
export type { ChatState, Check, Link, OutgoingView, RoomState } from "./state/model.ts";
export { isDnd, type KnownPerson, statusAt } from "./state/people.ts";
export { isMuted, type Preferences } from "./state/preferences.ts";
export { isStaff } from "./state/staff.ts";
export { initialState, reduce } from "./state/state.ts";
export { threadAt } from "./state/threads.ts";
export { isMentioned } from "./state/unread.ts";
export { TextsContext, useTexts } from "./texts/texts.tsx";
export { clockTime, daysAgo, fullTime, longDay, percent, shortDay } from "./texts/times.ts";
export {
  type CompleteSet,
  createTexts,
  englishTexts,
  type TextKey,
  type TextSet,
  type Texts,
  type TextValues,
  type Translate,
} from "./texts/translate.ts";
export { ThreadPanel } from "./threads/thread-panel.tsx";
export { Avatar } from "./ui/avatar.tsx";
export { Dialog } from "./ui/dialog.tsx";
export { Choice, Field, Segments } from "./ui/field.tsx";
export { Icon, type IconName } from "./ui/icons.tsx";
export { type AddLayer, LayerContext } from "./ui/layer.ts";
export { Menu, type MenuItem } from "./ui/menu.tsx";
export { Popover } from "./ui/popover.tsx";
export { Progress } from "./ui/progress.tsx";
