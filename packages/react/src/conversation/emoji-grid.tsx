/** Emoji to pick from: the ones that people use most, by group. The keyboard of the system has all others. */
import { type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import { useTexts } from "../texts/texts.tsx";
import type { TextKey } from "../texts/translate.ts";

/** In one row of the grid; arrow keys count by it too (the same number is in conversation.css). */
const perRow = 8;

const lists: readonly (readonly [TextKey, string])[] = [
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

/** Each emoji with its place among all. */
const groups = lists.map(([name, list], index) => {
  const before = lists.slice(0, index).flatMap(([, other]) => other.split(" ")).length;
  return { name, emoji: list.split(" ").map((sign, place) => ({ sign, place: before + place })) };
});

/** One tab stop; arrow keys move inside, Enter picks. */
export function EmojiGrid({ onPick }: { onPick: (emoji: string) => void }): ReactNode {
  const { t } = useTexts();
  const grid = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const onKeyDown = (event: KeyboardEvent): void => {
    const all = [...(grid.current?.querySelectorAll<HTMLElement>("button") ?? [])];
    const isRightToLeft = getComputedStyle(event.currentTarget).direction === "rtl";
    const step = stepOf(event.key, isRightToLeft);
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(all.length - 1, active + step));
    setActive(next);
    all[next]?.focus();
  };
  return (
    <div
      ref={grid}
      className="emoji-grid"
      role="group"
      aria-label={t("emoji")}
      onKeyDown={onKeyDown}
    >
      {groups.map(({ name, emoji }) => (
        <div key={name} role="group" aria-label={t(name)}>
          <h3 aria-hidden="true">{t(name)}</h3>
          <div className="emoji-row">
            {emoji.map(({ sign, place }) => (
              <button
                key={sign}
                type="button"
                tabIndex={place === active ? 0 : -1}
                {...(place === 0 ? { "data-autofocus": true } : {})}
                onFocus={() => setActive(place)}
                onClick={() => onPick(sign)}
              >
                {sign}
              </button>
            ))}
          </div>
        </div>
      ))}
    </div>
  );
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
