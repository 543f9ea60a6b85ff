/** Widths at which the page changes its form, as media queries (the same numbers are in layout.css). */

/** Below, one pane is shown: the list of rooms or a conversation. */
export function onePane(): MediaQueryList {
  return matchMedia("(max-width: 699px)");
}

/** From here a panel stands beside the conversation; below, it lies over it. */
export function threePanes(): MediaQueryList {
  return matchMedia("(min-width: 1100px)");
}
