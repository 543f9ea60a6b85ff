import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a directory and those above it, for this user only. One by one, because the recursive `mkdir` of Node 24
 * never returns where a file system answers ENOENT although the directory above is there, as `/proc` does.
 *
 * @param path Absolute.
 * @throws the system's error if one of them cannot be made, or is no directory.
 */
export async function makeDirectory(path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = path; !(await isThere(at)); at = dirname(at)) missing.unshift(at);
  for (const directory of missing) await make(directory);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return dirname(path) === path;
    throw error;
  }
}

async function make(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    // Two processes that start at once: the other one made it.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
