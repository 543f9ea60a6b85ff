/** Emoji to pick from: those that people use most, and all others by name. */
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import type { emojiGroups, findEmoji, NamedEmoji } from "../emoji/search.ts";
import { useTexts } from "../texts/texts.tsx";
import type { TextKey } from "../texts/translate.ts";

/** In one row of the grid; arrow keys count by it too (the same number is in popover.css). */
const perRow = 8;

/** A heading with its emoji. */
interface Group {
  readonly name: TextKey;
  readonly emoji: readonly NamedEmoji[];
}

const often: readonly (readonly [TextKey, string])[] = [
  ["emojiOften", "👍 ❤️ 😂 🎉 👀 🙏 ✅ 🚀"],
  [
    "emojiFaces",
    "😀 😅 🤣 🙂 😉 😊 😍 😘 😋 😎 🤓 🤔 🤗 🤩 😏 😬 🙄 😴 😷 🤒 😕 🙁 😮 😳 🥺 😢 😭 😱 😤 😡 🤯 🥳 😇 🤠 🤡 👻 💀 🤖 😺 💩",
  ],
  ["emojiHands", "👍 👎 👌 ✌️ 🤞 🤝 👏 🙌 🙏 💪 👋 🤙 👉 👈 👆 👇 ☝️ ✋ ✍️ 👀 🧠 🫶 🫡 🤷"],
  [
    "emojiThings",
    "❤️ 💔 💯 ✨ ⭐ 🔥 🎉 🎂 🎁 🏆 💡 📌 📎 📅 📈 📉 🔒 🔑 🔧 🔨 🐛 🚀 🚧 ⚠️ ❌ ✅ ❓ ❗ ☕ 🍕 🍺 🥐 🌈 ☀️ 🌧️ ❄️ 🌍 🌱 🐶 🐱",
  ],
];
const oftenGroups: readonly Group[] = often.map(([name, list]) => ({
  name,
  emoji: list.split(" ").map((sign) => ({ sign, name: "" })),
}));

/**
 * One field: letters search, arrow keys move in the grid, Enter picks (ARIA combobox pattern). By touch the field waits to be
 * touched, so that no keyboard comes up.
 */
export function EmojiGrid({ onPick }: { onPick: (emoji: string) => void }): ReactNode {
  const { t } = useTexts();
  const id = useId();
  const grid = useRef<HTMLDivElement>(null);
  const [query, setQuery] = useState("");
  const [active, setActive] = useState(0);
  const [isAll, setAll] = useState(false);
  const table = useTable(query !== "" || isAll);
  const groups = shownGroups(query, isAll, table);
  const all = groups.flatMap(({ emoji }) => emoji);
  /** Of each group, the place of its first among all. */
  const begins = groups.map((_, index) =>
    groups.slice(0, index).reduce((sum, { emoji }) => sum + emoji.length, 0),
  );
  const at = Math.min(active, all.length - 1);
  const isByTouch = matchMedia("(pointer: coarse)").matches;

  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      const one = all[at];
      if (one !== undefined) onPick(one.sign);
      return;
    }
    // In what is typed the caret moves, until one has gone down into the grid.
    const isInText = query !== "" && at === 0 && event.key.match(/^Arrow(Left|Right)$/u) !== null;
    const isRightToLeft = getComputedStyle(event.currentTarget).direction === "rtl";
    const step = isInText ? undefined : stepOf(event.key, isRightToLeft);
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(all.length - 1, at + step));
    setActive(next);
    grid.current?.querySelector(`[id="${id}-${next}"]`)?.scrollIntoView({ block: "nearest" });
  };
  return (
    <div className="emoji-picker">
      <input
        className="input"
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={all.length === 0 ? undefined : `${id}-${at}`}
        aria-label={t("emojiSearch")}
        placeholder={t("emojiSearchHint")}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
        {...(isByTouch ? {} : { "data-autofocus": true })}
        autoComplete="off"
        spellCheck={false}
        dir="auto"
      />
      <div ref={grid} id={id} className="emoji-grid" role="listbox" aria-label={t("emoji")}>
        {groups.map(({ name, emoji }, group) => (
          <div key={name} role="group" aria-label={t(name)}>
            <h3 aria-hidden="true">{t(name)}</h3>
            <div className="emoji-row" role="presentation">
              {emoji.map((one, index) => {
                const mine = (begins[group] ?? 0) + index;
                return (
                  // Keys are dealt with in the field above.
                  <div
                    key={one.sign}
                    id={`${id}-${mine}`}
                    role="option"
                    tabIndex={-1}
                    className="emoji-cell"
                    aria-selected={mine === at}
                    title={one.name === "" ? undefined : one.name}
                    onPointerMove={() => setActive(mine)}
                    onClick={() => onPick(one.sign)}
                  >
                    {one.sign}
                  </div>
                );
              })}
            </div>
          </div>
        ))}
      </div>
      {query !== "" && table !== undefined && all.length === 0 ? (
        <p className="emoji-note" role="status">
          {t("emojiNone")}
        </p>
      ) : null}
      {query === "" && !isAll ? (
        <button type="button" className="link emoji-note" onClick={() => setAll(true)}>
          {t("emojiAll")}
        </button>
      ) : null}
    </div>
  );
}

/** What is loaded when it is wanted. */
interface Table {
  readonly emojiGroups: typeof emojiGroups;
  readonly findEmoji: typeof findEmoji;
}

function shownGroups(query: string, isAll: boolean, table: Table | undefined): readonly Group[] {
  if (query.trim() !== "") {
    const found = table?.findEmoji(query) ?? [];
    return found.length === 0 ? [] : [{ name: "emojiFound", emoji: found }];
  }
  return isAll && table !== undefined ? table.emojiGroups : oftenGroups;
}

/** The names, once they are wanted and there. Where they cannot be loaded, the next letter tries again. */
function useTable(isWanted: boolean): Table | undefined {
  const [table, setTable] = useState<Table>();
  useEffect(() => {
    if (!isWanted || table !== undefined) return;
    let isOver = false;
    import("../emoji/search.ts").then(
      (module) => isOver || setTable(module),
      () => undefined,
    );
    return () => {
      isOver = true;
    };
  }, [isWanted, table]);
  return table;
}

function stepOf(key: string, isRightToLeft: boolean): number | undefined {
  const forward = isRightToLeft ? -1 : 1;
  switch (key) {
    case "ArrowRight":
      return forward;
    case "ArrowLeft":
      return -forward;
    case "ArrowDown":
      return perRow;
    case "ArrowUp":
      return -perRow;
    default:
      return undefined;
  }
}
