/** The style sheet of the components, for a shadow tree. Loaded with them. */
import styles from "@parlance/react/styles.css?inline";

const host = ".parlance { block-size: 100%; }";

/** One for all elements of a page. Constructed, so that a strict policy of the page has nothing to allow. */
export const styleSheet: CSSStyleSheet = construct(`${forShadow(styles)}\n${host}`);

function construct(css: string): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  return made;
}

/** What is said of the page's root is meant of the element. */
function forShadow(css: string): string {
  return css.replaceAll(/:root((?:\[[^\]]+\])*)/gu, (_, attributes: string) =>
    attributes === "" ? ":host" : `:host(${attributes})`,
  );
}
