/** Reactions under a message, and what they are picked from. */
import { type ReactNode, useState } from "react";
import { useTexts } from "../texts/texts.tsx";
import { Icon } from "../ui/icons.tsx";
import { Popover } from "../ui/popover.tsx";
import { EmojiGrid } from "./emoji-grid.tsx";
import type { Reaction } from "./fold.ts";
import type { RowListState } from "./use-row-list.ts";

/** Names written out at most; the rest is a number. */
const shownNames = 20;

/** One button for each: a click puts the reader's own on, or takes it off. */
export function Reactions({
  reactions,
  canReact,
  onReact,
}: {
  reactions: readonly Reaction[];
  canReact: boolean;
  onReact: (emoji: string, on: boolean) => void;
}): ReactNode {
  const { t, language } = useTexts();
  const [anchor, setAnchor] = useState<HTMLElement>();
  if (reactions.length === 0) return null;
  const whoOf = ({ names, mine, count }: Reaction): string => {
    const shown = [...(mine ? [t("you")] : []), ...names].slice(0, shownNames);
    const rest = count - shown.length;
    const all = rest > 0 ? [...shown, t("reactionOthers", { count: rest })] : shown;
    return new Intl.ListFormat(language, { type: "conjunction" }).format(all);
  };
  return (
    <div className="reactions" data-testid="reactions">
      {reactions.map((reaction) => (
        <button
          key={reaction.emoji}
          type="button"
          className="reaction"
          aria-pressed={reaction.mine}
          aria-label={t("reaction", {
            emoji: reaction.emoji,
            count: reaction.count,
            who: whoOf(reaction),
          })}
          title={whoOf(reaction)}
          disabled={!canReact}
          onClick={() => onReact(reaction.emoji, !reaction.mine)}
        >
          <span aria-hidden="true">{reaction.emoji}</span>
          <span aria-hidden="true" className="reaction-count">
            {reaction.count}
          </span>
        </button>
      ))}
      {canReact ? (
        <button
          type="button"
          className="reaction more"
          aria-label={t("actReact")}
          title={t("actReact")}
          aria-haspopup="dialog"
          aria-expanded={anchor !== undefined}
          onClick={(event) => setAnchor(event.currentTarget)}
        >
          <Icon name="smile" small />
        </button>
      ) : null}
      {anchor === undefined ? null : (
        <ReactionPicker
          anchor={anchor}
          onPick={(emoji) => onReact(emoji, true)}
          onClose={() => setAnchor(undefined)}
        />
      )}
    </div>
  );
}

/** What a list of messages shows while a reaction is picked for one of them. */
export function RowPicker({
  list: { picking, setPicking, acts },
}: {
  list: Pick<RowListState, "picking" | "setPicking" | "acts">;
}): ReactNode {
  if (picking === undefined) return null;
  return (
    <ReactionPicker
      anchor={picking.anchor}
      onPick={(emoji) => acts.react(picking.row, emoji, true)}
      onClose={() => setPicking(undefined)}
    />
  );
}

/** A small grid of emoji beside a control. */
export function ReactionPicker({
  anchor,
  onPick,
  onClose,
}: {
  anchor: HTMLElement;
  onPick: (emoji: string) => void;
  onClose: () => void;
}): ReactNode {
  const { t } = useTexts();
  return (
    <Popover anchor={anchor} label={t("actReact")} onClose={onClose}>
      <EmojiGrid
        onPick={(emoji) => {
          onClose();
          onPick(emoji);
        }}
      />
    </Popover>
  );
}
