import type { Page } from "playwright-core";

/** Text whose contrast against what lies behind it is under `least` : 1, as `3.9 "text"`. Avatars are decoration. */
export function faintTexts(page: Page, least = 4.5): Promise<string[]> {
  return page.evaluate((bound) => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    if (canvas === null) throw new Error("no canvas");
    type Colour = readonly [number, number, number, number];
    // The canvas turns every notation of CSS into bytes.
    const parse = (colour: string): Colour => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r = 0, g = 0, b = 0, a = 0] = canvas.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = (top: Colour, below: Colour): Colour => [
      top[0] * top[3] + below[0] * (1 - top[3]),
      top[1] * top[3] + below[1] * (1 - top[3]),
      top[2] * top[3] + below[2] * (1 - top[3]),
      1,
    ];
    const behind = (element: Element | null): Colour => {
      if (element === null) return [255, 255, 255, 1];
      const own = parse(getComputedStyle(element).backgroundColor);
      return own[3] === 1 ? own : over(own, behind(element.parentElement));
    };
    const light = ([r, g, b]: Colour): number => {
      const linear = (byte: number): number => {
        const part = byte / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      };
      return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    };
    const faint: string[] = [];
    for (const element of document.querySelectorAll("body *")) {
      const text = [...element.childNodes]
        .filter((node) => node.nodeType === Node.TEXT_NODE)
        .map((node) => node.textContent?.trim() ?? "")
        .join(" ")
        .trim();
      const isDisabled = element.closest(":disabled, [aria-hidden=true]") !== null;
      if (text === "" || isDisabled || !element.checkVisibility({ visibilityProperty: true }))
        continue;
      const ground = behind(element);
      const ink = over(parse(getComputedStyle(element).color), ground);
      const [bright, dark] = [light(ink), light(ground)].sort((a, b) => b - a);
      const contrast = ((bright ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
      if (contrast < bound) faint.push(`${contrast.toFixed(2)} ${JSON.stringify(text)}`);
    }
    return faint;
  }, least);
}

/** What Tab reaches, once around, as `role "name"` of the accessibility tree, in order. */
export async function tabStops(page: Page): Promise<string[]> {
  const stops: string[] = [];
  await page.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  });
  const session = await page.context().newCDPSession(page);
  for (let step = 0; step < 80; step += 1) {
    await page.keyboard.press("Tab");
    const isSeen = await page.evaluate(() => {
      const element = document.activeElement;
      // At its end, Tab leaves the page for the browser, and comes back to its beginning.
      if (element === null || element === document.body) return undefined;
      const was = element.hasAttribute("data-tab-seen");
      element.setAttribute("data-tab-seen", "");
      return was;
    });
    if (isSeen === undefined) continue;
    if (isSeen) break;
    const { result } = await session.send("Runtime.evaluate", {
      expression: "document.activeElement",
    });
    const { nodes } = await session.send("Accessibility.getPartialAXTree", {
      ...(result.objectId === undefined ? {} : { objectId: result.objectId }),
      fetchRelatives: false,
    });
    const role: unknown = nodes[0]?.role?.value;
    const name: unknown = nodes[0]?.name?.value;
    stops.push(`${String(role)} ${JSON.stringify(name ?? "")}`);
  }
  await session.detach();
  return stops;
}

/** Elements whose transitions or animations take longer than `ms`, by class. */
export function slowMotions(page: Page, ms: number): Promise<string[]> {
  return page.evaluate((bound) => {
    const length = (list: string): number =>
      Math.max(
        ...list
          .split(",")
          .map((one) => Number.parseFloat(one) * (one.trim().endsWith("ms") ? 1 : 1_000)),
      );
    return [...document.querySelectorAll("*")]
      .filter((element) => {
        const { transitionDuration, animationName, animationDuration } = getComputedStyle(element);
        // `late` shows what waits only after a moment; it moves nothing.
        const moves = animationName !== "none" && animationName !== "late";
        const isAnimated = moves && length(animationDuration) > bound;
        return isAnimated || length(transitionDuration) > bound;
      })
      .map((element) => `${element.tagName} ${element.className}`);
  }, ms);
}
