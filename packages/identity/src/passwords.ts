import { hash, verify } from "@node-rs/argon2";
import { ProtocolError } from "@parlance/protocol";

/** Bounds in UTF-16 code units. The upper one only keeps a request from hashing megabytes. */
export const passwordLength = { min: 8, max: 256 } as const;

/** Argon2id, the first choice of OWASP's password storage cheat sheet: 46 MiB, one pass, one lane. */
const parameters = { memoryCost: 47_104, timeCost: 1, parallelism: 1 } as const;

/** Hashes that run at once (each takes 46 MiB and a thread of the pool), and that wait for their turn. */
const maxRunning = 2;
const maxWaiting = 64;

export interface Passwords {
  hash(password: string): Promise<string>;
  /**
   * Whether the password is the hashed one. Without a hash it takes the same time and is false, so that a
   * stopwatch does not tell which names exist.
   */
  matches(password: string, passwordHash: string | undefined): Promise<boolean>;
}

/** @throws ProtocolError (from both methods) `unavailable` when too many are waiting. */
export function createPasswords(): Passwords {
  const turns = createTurns();
  let decoy: Promise<string> | undefined;
  return {
    hash(password) {
      return turns(() => hash(normalize(password), parameters));
    },
    async matches(password, passwordHash) {
      decoy ??= hash("nobody has this password", parameters);
      const against = passwordHash ?? (await decoy);
      const same = await turns(() => verify(against, normalize(password)));
      return same && passwordHash !== undefined;
    },
  };
}

/** One person's keyboards may compose accents differently (RFC 8265 §4.2.1 asks for a normal form too). */
function normalize(password: string): string {
  return password.normalize("NFC");
}

function createTurns(): <T>(run: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (run) => {
    if (running >= maxRunning) {
      if (waiting.length >= maxWaiting) {
        throw new ProtocolError("unavailable", { retry_after_ms: 5_000 });
      }
      // Whoever ends hands its turn over, so `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
