/** Before anything is drawn: the look that the reader chose in the web app, else the system's. */
(() => {
  "use strict";
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const contrast = matchMedia("(prefers-contrast: more)");

  function chosen() {
    try {
      return JSON.parse(localStorage.getItem("parlance.preferences")) ?? {};
    } catch {
      return {};
    }
  }

  function apply() {
    const { theme, contrast: wished, density } = chosen();
    const isSystem = theme !== "light" && theme !== "dark";
    root.dataset.theme = isSystem ? (dark.matches ? "dark" : "light") : theme;
    if (wished === "more" || contrast.matches) root.dataset.contrast = "more";
    else delete root.dataset.contrast;
    if (density === "compact") root.dataset.density = density;
  }

  apply();
  dark.addEventListener("change", apply);
  contrast.addEventListener("change", apply);
  window.addEventListener("storage", apply);
})();
