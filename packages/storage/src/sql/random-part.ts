import { randomInt } from "node:crypto";

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";

/** Half of an epoch: 8 random characters of `[0-9a-z]`. */
export function randomPart(): string {
  let part = "";
  for (let i = 0; i < 8; i += 1) part += alphabet[randomInt(alphabet.length)];
  return part;
}
