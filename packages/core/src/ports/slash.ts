import type { Principal, UserId } from "@parlance/protocol";

/** Commands that applications offer to people. Same errors as `RoomLog`. */
export interface SlashCommands {
  /** All of them, by name. */
  slashCommands(): Promise<readonly SlashRecord[]>;
  /**
   * Offers one, or describes it anew.
   *
   * @param most There may be so many.
   * @returns `"taken"` where it is somebody else's.
   */
  putSlashCommand(
    name: string,
    record: SlashRecord,
    most: number,
  ): Promise<"put" | "taken" | "full">;
  /** @param owner Absent: whoever's it is. @returns false if there was none. */
  removeSlashCommand(name: string, owner: Principal | undefined): Promise<boolean>;
}

export interface SlashRecord {
  readonly name: string;
  /** Who registered it and may change it. */
  readonly owner: Principal;
  /** Who answers in public. */
  readonly author: UserId;
  readonly authorName: string;
  readonly description: string;
  readonly usage?: string;
  /** Patterns of the rooms that the owner's key is for; absent: all. */
  readonly rooms?: readonly string[];
}
