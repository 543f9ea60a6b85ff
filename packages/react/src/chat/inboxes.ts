/** Where the notifications of one user are. */

/** A user's inboxes: what the server publishes to, and the name that MMB's back ends use. */
export function inboxesOf(user: string): readonly string[] {
  return [`user:${user}`, `notifications_${user}`];
}
