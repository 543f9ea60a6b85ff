/** English texts of the dialog that asks a poll. */
export const polls = {
  pollQuestion: "Question",
  pollChoice: "Choice {{number}}",
  pollAdd: "Add a choice",
  pollRemove: "Remove choice {{number}}",
  pollSeveral: "Several choices allowed",
  pollAnonymous: "Nobody sees who chose what",
  pollUntil: "Ends at (optional)",
  pollAsk: "Ask",
  pollTwo: "A poll needs at least two different choices.",
  pollOverBefore: "It would end before it is asked.",
} as const;
