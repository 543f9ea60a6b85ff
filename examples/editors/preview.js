/*
 * The page as it is, in a frame of no origin: its scripts run, and reach neither this page nor what this browser keeps, nor any server.
 * Without `allow-same-origin` it is nobody's; the policy stands before everything that people wrote.
 */
const policy =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'";
const pauseMs = 300;

export function previewIn(frame, text) {
  let timer;
  let shown;
  const draw = () => {
    const content = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}">${text}`;
    if (content !== shown) frame.srcdoc = content;
    shown = content;
  };
  text.observe(() => {
    clearTimeout(timer);
    timer = setTimeout(draw, pauseMs);
  });
  draw();
}
