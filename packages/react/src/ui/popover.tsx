/** Something small that opens beside a control and closes by a click elsewhere or Esc. */
import { type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { activeIn } from "./focus.ts";
import { useLayer } from "./layer.ts";

/** Between the control and what opens, and to the edge of the window, in pixels. */
const gap = 4;
const margin = 8;

/**
 * Open as long as it is rendered, and beside its control wherever that goes; `onClose` asks the owner to stop rendering it. In the top layer, so nothing
 * cuts it off. Focus goes to its first `data-autofocus` and comes back to the control.
 *
 * @param anchor The control.
 */
export function Popover({
  anchor,
  label,
  onClose,
  children,
}: {
  anchor: HTMLElement;
  label: string;
  onClose: () => void;
  children: ReactNode;
}): ReactNode {
  const ref = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  useLayer(onClose);

  useLayoutEffect(() => {
    const popover = ref.current;
    if (popover === null) return;
    popover.showPopover();
    place(popover, anchor);
    popover.querySelector<HTMLElement>("[data-autofocus]")?.focus({ preventScroll: true });
  }, [anchor]);
  useEffect(() => {
    const popover = ref.current;
    const onToggle = (event: Event): void => {
      if ((event as ToggleEvent).newState === "closed") close.current();
    };
    // What it belongs to moves, as when a message comes: it goes along, and closes where that is seen no more.
    const onScroll = (event: Event): void => {
      if (popover === null) return;
      if (event.target instanceof Node && popover.contains(event.target)) return;
      if (isSeen(anchor)) place(popover, anchor);
      else close.current();
    };
    popover?.addEventListener("toggle", onToggle);
    window.addEventListener("scroll", onScroll, { capture: true, passive: true });
    window.addEventListener("resize", onScroll);
    return () => {
      popover?.removeEventListener("toggle", onToggle);
      window.removeEventListener("scroll", onScroll, { capture: true });
      window.removeEventListener("resize", onScroll);
      // Where focus was inside it would be lost with it.
      const active = activeIn(anchor);
      const isLost = active === null || popover?.contains(active) === true;
      if (isLost && anchor.isConnected) anchor.focus({ preventScroll: true });
    };
  }, [anchor]);
  return (
    <div
      ref={ref}
      popover="auto"
      className="popover"
      role="dialog"
      aria-label={label}
      onKeyDown={(event) => {
        // Its keys are its own.
        event.stopPropagation();
        if (event.key !== "Escape") return;
        event.preventDefault();
        onClose();
      }}
    >
      {children}
    </div>
  );
}

function isSeen(anchor: HTMLElement): boolean {
  const { top, bottom } = anchor.getBoundingClientRect();
  return anchor.isConnected && bottom > 0 && top < window.innerHeight;
}

/** Below the control at its end, above where there is more room, and never outside of the window. */
function place(popover: HTMLElement, anchor: HTMLElement): void {
  const at = anchor.getBoundingClientRect();
  const { width, height } = popover.getBoundingClientRect();
  const isBelow = at.bottom + gap + height + margin <= window.innerHeight || at.top < height;
  const top = isBelow ? at.bottom + gap : at.top - gap - height;
  const isRightToLeft = getComputedStyle(anchor).direction === "rtl";
  const left = isRightToLeft ? at.left : at.right - width;
  const within = (value: number, most: number): number => Math.max(margin, Math.min(value, most));
  popover.style.top = `${within(top, window.innerHeight - height - margin)}px`;
  popover.style.left = `${within(left, window.innerWidth - width - margin)}px`;
}
