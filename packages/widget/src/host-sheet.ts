/** How much room an element takes: there at once, so that nothing moves when the rest has come. */
const made = new CSSStyleSheet();
made.replaceSync(":host { display: block; block-size: 480px; overflow: hidden; }");

/** One for all elements of a page. Constructed, so that a strict policy of the page has nothing to allow. */
export const hostSheet: CSSStyleSheet = made;
