/* What a page may do with the events of <parlance-progress>. They bubble, so one listener serves a whole list of jobs. */
const told = document.querySelector("#told");

document.addEventListener("parlance:progress", ({ detail }) => {
  document.title = detail.progress === undefined ? "Working" : `${Math.round(detail.progress)} %`;
});
document.addEventListener("parlance:completed", ({ detail }) => {
  document.title = "Done";
  told.textContent = `Confidence: ${detail.data.confidence} %`;
});
document.addEventListener("parlance:failed", ({ detail }) => {
  document.title = "Failed";
  told.textContent = detail.error ?? "";
});
