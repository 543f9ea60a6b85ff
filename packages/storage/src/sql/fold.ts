/**
 * A user name or e-mail as it is compared: without regard to case, and alike for the ways of writing the same
 * characters, so that nobody gets a name that reads like another's.
 */
export function foldLogin(login: string): string {
  return login.normalize("NFKC").toLowerCase().normalize("NFKC");
}
