/** The browser's history as React state. */
import { useSyncExternalStore } from "react";
import { parseRoute, type Route } from "./route.ts";

const changed = new EventTarget();

/** Goes to a path. `replace` leaves no entry to come back to. */
export function navigate(path: string, how: "push" | "replace" = "push"): void {
  if (path === location.pathname) return;
  if (how === "push") history.pushState({ from: location.pathname }, "", path);
  else history.replaceState(null, "", path);
  changed.dispatchEvent(new Event("route"));
}

/** Goes back to a page: through the history if one came from there, so that the gesture and the button agree. */
export function goBackTo(path: string): void {
  const state = history.state as { readonly from?: string } | null;
  if (state?.from === path) history.back();
  else navigate(path, "replace");
}

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
