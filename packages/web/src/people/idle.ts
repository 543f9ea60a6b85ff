/** Whether nobody uses this window: others see one as away where all of one's windows are idle. */
import type { Client } from "@parlance/client";

/** A window without input for so long is idle. */
export const idleMs = 600_000;
/** How often it is looked at. */
const lookMs = 5_000;

const inputs = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "focus"] as const;

/** Tells from now on. @returns what ends it. */
export function watchIdle(client: Pick<Client, "setIdle">): () => void {
  let usedAt = Date.now();
  const used = (): void => {
    usedAt = Date.now();
    client.setIdle(false);
  };
  const timer = setInterval(() => {
    if (Date.now() - usedAt >= idleMs) client.setIdle(true);
  }, lookMs);
  for (const input of inputs) {
    window.addEventListener(input, used, { capture: true, passive: true });
  }
  return () => {
    clearInterval(timer);
    for (const input of inputs) window.removeEventListener(input, used, { capture: true });
  };
}
