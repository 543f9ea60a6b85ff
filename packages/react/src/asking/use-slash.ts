/** Slash commands of one room's composer: what is offered while one writes, and giving what was written. */
import { ClientError } from "@parlance/client";
import { useEffect, useMemo, useState } from "react";
import { useChat, useChatState } from "../chat/context.ts";
import { codeOf, useFailureText } from "../chat/failure-text.ts";
import { isStaff as isStaffOf } from "../state/staff.ts";
import { useTexts } from "../texts/texts.tsx";
import { builtIns, type SlashHost } from "./built-in.ts";
import { commandIn, type Offered, offeredFor } from "./slash.ts";

/** What the composer shows and asks. */
export interface Slash {
  /** Those that may be meant; none while no name is being written. */
  readonly offered: readonly Offered[];
  /** The one that Enter and Tab take. */
  readonly active: number;
  setActive(place: number): void;
  /** Hides what is offered until the text is another one. */
  dismiss(): void;
  /** Why the last command was not done. */
  readonly problem: string | undefined;
  forgetProblem(): void;
  /** Gives the command that the text is; false where it is none. `onDone` where it was done. */
  give(text: string, onDone: () => void): boolean;
}

/** @param onPoll Opens the dialog of a new poll. */
export function useSlash(roomId: string, text: string, onPoll: (() => void) | undefined): Slash {
  const chat = useChat();
  const { t } = useTexts();
  const failureText = useFailureText();
  const [others, setOthers] = useState<readonly Offered[]>([]);
  const [active, setActive] = useState(0);
  const [dismissed, setDismissed] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const isStaff = useChatState(({ rooms }) => {
    const room = rooms[roomId];
    return room !== undefined && isStaffOf(room);
  });
  const isBegun = text.startsWith("/") && !text.startsWith("//");

  useEffect(() => {
    if (!isBegun) return undefined;
    let isOver = false;
    chat.slashCommands(roomId).then(
      (found) => {
        if (isOver) return;
        setOthers(found.map(({ usage = "", ...one }) => ({ ...one, usage })));
      },
      // Those of the page are there at any rate.
      () => {},
    );
    return () => {
      isOver = true;
    };
  }, [chat, roomId, isBegun]);

  const all = useMemo(() => {
    const own = builtIns
      .filter(({ isThere }) => isThere?.({ onPoll, isStaff }) ?? true)
      .map(({ name, description, usage }) => ({
        name,
        description: t(description),
        usage: usage === undefined ? "" : t(usage),
      }));
    return [...own, ...others].sort((left, right) => (left.name < right.name ? -1 : 1));
  }, [t, others, onPoll, isStaff]);
  const offered = useMemo(
    () => (isBegun && dismissed !== text ? offeredFor(text, all) : []),
    [isBegun, dismissed, text, all],
  );
  useEffect(() => setActive(0), [text]);

  const run = async (name: string, rest: string): Promise<void> => {
    const own = builtIns.find((one) => one.name === name);
    if (own === undefined) return chat.runCommand(roomId, name, rest);
    if (own.needs === true && rest === "") {
      const usage = own.usage === undefined ? "" : t(own.usage);
      throw new Error(t("slashNeeds", { name, usage }));
    }
    const list = (): string =>
      all
        .map(
          ({ name: one, usage, description }) =>
            `\`/${one}${usage && ` ${usage}`}\` – ${description}`,
        )
        .join("  \n");
    const host: SlashHost = { chat, room: roomId, t, onPoll, list };
    return own.run(host, rest);
  };
  return {
    offered,
    active: Math.min(active, Math.max(0, offered.length - 1)),
    setActive,
    dismiss: () => setDismissed(text),
    problem,
    forgetProblem: () => setProblem(undefined),
    give: (written, onDone) => {
      const given = commandIn(written);
      if (given === undefined) return false;
      const { name, rest } = given;
      setProblem(undefined);
      run(name, rest).then(onDone, (error: unknown) => setProblem(wordsOf(error, name)));
      return true;
    },
  };

  function wordsOf(error: unknown, name: string): string {
    if (!(error instanceof ClientError)) {
      return error instanceof Error ? error.message : t("slashUnknown", { name });
    }
    const isKnown = all.some((one) => one.name === name);
    if (error.code === "not_found" && !isKnown) return t("slashUnknown", { name });
    const reason = error.code === "rpc_failed" ? error.message : failureText(codeOf(error));
    return t("slashFailed", { name, reason });
  }
}
