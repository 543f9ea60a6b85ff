/** Backup, restore and move: everything that copies an install. The engines' drivers are loaded when they are needed. */
export { type BackupContent, type BackupOptions, BackupRefused, writeBackup } from "./backup.ts";
export type { CopyProgress } from "./copy-all.ts";
export type { CopyEnd, CopyState, EngineName } from "./end.ts";
export { Move, type MoveOptions, MoveRefused, type MoveReport } from "./move.ts";
export { type CopyAddress, openCopyEnd } from "./open.ts";
export { type Restored, type RestoreOptions, RestoreRefused, restoreBackup } from "./restore.ts";
export { type SwitchableStore, switchableStore, type WatchCalls } from "./switchable-store.ts";
