/** Where the focus is. */

/** The element that has the focus in the page, or in the shadow tree, that a node is in; null: nowhere in particular. */
export function activeIn(node: Node): Element | null {
  const root = node.getRootNode();
  const active = root instanceof Document || root instanceof ShadowRoot ? root.activeElement : null;
  return active === document.body ? null : active;
}
