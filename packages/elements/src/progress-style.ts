/** The looks of `<parlance-progress>`. Colours follow the text around it and `color-scheme`; all can be set from outside. */
export const progressStyle = `
:host {
  display: block;
  --accent: var(--parlance-accent, light-dark(#1b6a7d, #7fc3d4));
  --danger: var(--parlance-danger, light-dark(#a8322b, #f0938a));
  --track: var(--parlance-track, color-mix(in srgb, currentColor 14%, transparent));
  --quiet: var(--parlance-quiet, color-mix(in srgb, currentColor 75%, transparent));
  line-height: 1.45;
}
:host([hidden]) { display: none; }
[part~="head"] { display: flex; justify-content: space-between; gap: 12px; margin-block-end: 4px; }
[part~="label"] { overflow-wrap: anywhere; }
[part~="value"] { flex: none; font-variant-numeric: tabular-nums; color: var(--quiet); }
[part~="bar"] {
  block-size: var(--parlance-height, 6px);
  border-radius: var(--parlance-radius, 3px);
  background: var(--track);
  overflow: hidden;
}
[part~="fill"] {
  block-size: 100%;
  inline-size: 0;
  border-radius: inherit;
  background: var(--accent);
  transition: inline-size 120ms ease-out;
}
:host([status="failed"]) [part~="fill"] { background: var(--danger); }
[part~="bar"].open [part~="fill"] { inline-size: 30%; animation: open 1600ms linear infinite; }
@keyframes open {
  from { translate: -100% 0; }
  to { translate: 340% 0; }
}
[part~="message"], [part~="connection"] {
  margin-block-start: 4px;
  font-size: 0.875em;
  overflow-wrap: anywhere;
}
[part~="message"] { white-space: pre-wrap; color: var(--quiet); }
[part~="result"] { color: inherit; }
[part~="error"] { color: var(--danger); }
[part~="connection"] { color: var(--quiet); }
[hidden] { display: none; }
@media (prefers-reduced-motion: reduce) {
  [part~="fill"] { transition: none; }
  [part~="bar"].open [part~="fill"] { inline-size: 100%; animation: none; opacity: 0.35; }
}
@media (forced-colors: active) {
  [part~="bar"] { border: 1px solid CanvasText; }
  [part~="fill"] { background: Highlight; forced-color-adjust: none; }
}
`;
