/** The browser's history as React state. */
import { useSyncExternalStore } from "react";
import { parseRoute, type Route } from "./route.ts";

const changed = new EventTarget();

/** Goes to a path. `replace` leaves no entry to come back to. */
export function navigate(path: string, how: "push" | "replace" = "push"): void {
  if (path === location.pathname) return;
  if (how === "push") history.pushState(null, "", path);
  else history.replaceState(null, "", path);
  changed.dispatchEvent(new Event("route"));
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
