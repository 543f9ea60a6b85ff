import { StorageError } from "@parlance/core";

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

/** The disk, or what the system lets this user have of it, is full. */
export function isFull(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOSPC" || code === "EDQUOT";
}

/** There is no such file. */
export function isAbsent(error: unknown): boolean {
  return codeOf(error) === "ENOENT";
}

/** Runs it; what the system refuses becomes a `StorageError`. Trying again is plain, since ids are used once. */
export async function wrapped<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof StorageError) throw error;
    const code = codeOf(error) ?? "unknown";
    throw new StorageError(`file access failed: ${code}`, "none", { cause: error });
  }
}
