/** A list of things to do that opens beside a control (ARIA menu pattern). */
import { type KeyboardEvent, type ReactNode, useRef } from "react";
import { activeIn } from "./focus.ts";
import { Icon, type IconName } from "./icons.tsx";
import { Popover } from "./popover.tsx";

/** One thing to do. */
export interface MenuItem {
  readonly id: string;
  readonly label: string;
  readonly icon: IconName;
  /** Key that does the same, as it is shown. */
  readonly key?: string | undefined;
  readonly tone?: "danger" | undefined;
  run(): void;
}

/** Arrow keys, Home, End and first letters choose; Enter does it. */
export function Menu({
  anchor,
  label,
  items,
  onClose,
}: {
  anchor: HTMLElement;
  label: string;
  items: readonly MenuItem[];
  onClose: () => void;
}): ReactNode {
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const all = [...(list.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const here = all.findIndex((one) => one === activeIn(one));
    const next = nextOf(event.key, here, items);
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    all[next]?.focus();
  };
  return (
    <Popover anchor={anchor} label={label} onClose={onClose}>
      <div
        ref={list}
        role="menu"
        tabIndex={-1}
        aria-label={label}
        className="menu"
        onKeyDown={onKeyDown}
      >
        {items.map((item, index) => (
          <button
            key={item.id}
            type="button"
            role="menuitem"
            tabIndex={-1}
            className={item.tone === "danger" ? "menu-item danger" : "menu-item"}
            {...(index === 0 ? { "data-autofocus": true } : {})}
            onClick={() => {
              onClose();
              item.run();
            }}
          >
            <Icon name={item.icon} />
            <span>{item.label}</span>
            {item.key === undefined ? null : <kbd aria-hidden="true">{item.key}</kbd>}
          </button>
        ))}
      </div>
    </Popover>
  );
}

function nextOf(key: string, here: number, items: readonly MenuItem[]): number | undefined {
  const last = items.length - 1;
  switch (key) {
    case "ArrowDown":
      return here >= last ? 0 : here + 1;
    case "ArrowUp":
      return here <= 0 ? last : here - 1;
    case "Home":
      return 0;
    case "End":
      return last;
    default: {
      if (key.length !== 1 || key === " ") return undefined;
      const begins = (item: MenuItem | undefined): boolean =>
        item?.label.toLocaleLowerCase().startsWith(key.toLocaleLowerCase()) === true;
      const order = items.map((_, index) => (here + 1 + index) % items.length);
      return order.find((index) => begins(items[index]));
    }
  }
}
