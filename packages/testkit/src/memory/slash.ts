import type { SlashCommands, SlashRecord } from "@parlance/core";

/** Commands of applications, in memory. */
export function createMemorySlash(): SlashCommands {
  const kept = new Map<string, SlashRecord>();
  return {
    slashCommands: async () =>
      [...kept.values()].sort((left, right) => (left.name < right.name ? -1 : 1)),
    putSlashCommand: async (name, record, most) => {
      const known = kept.get(name);
      if (known !== undefined && known.owner !== record.owner) return "taken";
      if (known === undefined && kept.size >= most) return "full";
      kept.set(name, record);
      return "put";
    },
    removeSlashCommand: async (name, owner) => {
      if (owner !== undefined && kept.get(name)?.owner !== owner) return false;
      return kept.delete(name);
    },
  } satisfies SlashCommands;
}
