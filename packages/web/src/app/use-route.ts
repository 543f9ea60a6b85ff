/**
 * The browser's history: addresses as React state, and one entry for what lies over the page, so that Back on a phone closes it
 * and leads from a room to the list, never out of the app by surprise.
 */
import { useSyncExternalStore } from "react";
import { landingRoom, parseRoute, type Route, roomPath } from "./route.ts";
import { onePane, threePanes } from "./widths.ts";

/** A step takes a few milliseconds. */
const longestStepMs = 1_000;

/** What the app notes at an entry. */
interface Entry {
  /** The list of rooms is so many entries before. */
  readonly home?: number;
  /** The page is that of the entry before, with something over it. */
  readonly isLayer?: true;
}

const changed = new EventTarget();
const here = (): Entry => (history.state as Entry | null) ?? {};

/** Goes to a path. `replace` leaves no entry to come back to. From something that lies over a page, the entry is that one's. */
export function navigate(path: string, how: "push" | "replace" = "push"): void {
  steps.afterwards(() => {
    if (path === location.pathname) return;
    const { home, isLayer } = here();
    if (how === "push" && isLayer === undefined) history.pushState(next(), "", path);
    else if (how === "push") history.replaceState({ home }, "", path);
    else history.replaceState(path === "/" ? null : { home, isLayer }, "", path);
    changed.dispatchEvent(new Event("route"));
    layers.settleSoon();
  });
}

/** Goes back to the list of rooms: through the history if it is there, so that the gesture and the button agree. */
export function goHome(): void {
  steps.afterwards(() => {
    const { home } = here();
    if (home !== undefined) steps.go(-home);
    navigate("/", "replace");
  });
}

/** Shows a page that somebody came to from outside. On a phone the list of rooms is before it. */
export function arriveAt(path: string): void {
  if (onePane().matches) goHome();
  navigate(path);
}

/** Goes where one is after leaving a room: to the list on a phone, else to the room that is everybody's. */
export function goFrom(room: string): void {
  if (onePane().matches) goHome();
  else navigate(room === landingRoom ? "/" : roomPath(landingRoom));
}

/** Puts the list of rooms before the page that one came to by its address. */
export function putHomeBefore(): void {
  if (here().home !== undefined || location.pathname === "/") return;
  const path = location.pathname;
  history.replaceState(null, "", "/");
  history.pushState({ home: 1 } satisfies Entry, "", path);
}

/** Begins to follow what lies over the page. @returns what ends it. */
export function watchLayers(): () => void {
  return layers.watch();
}

/** What lies over the page takes part in the history. */
export const addLayer: (close: () => void) => () => void = (close) => layers.add(close);

/** The current route; renders again when it changes. */
export function useRoute(): Route {
  const path = useSyncExternalStore(subscribe, () => location.pathname);
  return parseRoute(path);
}

function subscribe(listen: () => void): () => void {
  changed.addEventListener("route", listen);
  window.addEventListener("popstate", listen);
  return () => {
    changed.removeEventListener("route", listen);
    window.removeEventListener("popstate", listen);
  };
}

/** What an entry after this one notes. */
function next(): Entry {
  const { home } = here();
  if (location.pathname === "/") return { home: 1 };
  return home === undefined ? {} : { home: home + 1 };
}

/** Steps through the history take a moment; what is wanted meanwhile comes after them. */
class Steps {
  #isGoing = false;
  #turn = 0;
  readonly #waiting: (() => void)[] = [];

  go(delta: number): void {
    this.#isGoing = true;
    this.#turn += 1;
    const turn = this.#turn;
    history.go(delta);
    // Where there is no such entry nothing is told.
    setTimeout(() => {
      if (this.#turn === turn) this.arrived();
    }, longestStepMs);
  }

  afterwards(act: () => void): void {
    if (this.#isGoing) this.#waiting.push(act);
    else act();
  }

  /** @returns whether the step was one of the app's own. */
  arrived(): boolean {
    if (!this.#isGoing) return false;
    this.#isGoing = false;
    while (!this.#isGoing) {
      const act = this.#waiting.shift();
      if (act === undefined) break;
      act();
    }
    return true;
  }
}

/** All that lies over the page, newest last, and the one entry for it. */
class Layers {
  readonly #all: (() => void)[] = [];
  #isDue = false;
  readonly #steps: Steps;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  /** @returns what ends it. */
  watch(): () => void {
    const onStep = (): void => {
      if (!this.#steps.arrived() && here().isLayer === undefined) this.#all.at(-1)?.();
      this.settleSoon();
    };
    window.addEventListener("popstate", onStep);
    this.settleSoon();
    return () => window.removeEventListener("popstate", onStep);
  }

  add(close: () => void): () => void {
    this.#all.push(close);
    this.settleSoon();
    return () => {
      this.#all.splice(this.#all.indexOf(close), 1);
      this.settleSoon();
    };
  }

  /** Once what goes and what comes in its place are both known. */
  settleSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setTimeout(() => {
      this.#isDue = false;
      this.#steps.afterwards(() => this.#settle());
    });
  }

  /** Where panels stand beside the conversation Back is about pages only. */
  #settle(): void {
    const isLayer = here().isLayer === true;
    if (this.#all.length > 0 && !isLayer && !threePanes().matches) {
      history.pushState({ ...next(), isLayer: true } satisfies Entry, "");
    } else if (this.#all.length === 0 && isLayer) this.#steps.go(-1);
  }
}

const steps = new Steps();
const layers = new Layers(steps);
