import { stat } from "node:fs/promises";
import { inspectSpool } from "@parlance/doors/spool";
import type { Config } from "../config/types.ts";
import { spoolDirectory } from "../spool-directory.ts";
import { attention, broken, type Finding, fine } from "./finding.ts";

/** From here on a file that nobody takes is a sign of something. */
const lateMs = 60_000;

/** Who may write there, what waits, and what was refused. */
export async function examineSpool(config: Config, isRunning: boolean): Promise<Finding[]> {
  if (!config.spool) return [];
  const about = "spool";
  const directory = spoolDirectory(config);
  try {
    const stats = await stat(directory).catch(() => undefined);
    if (stats === undefined) return [fine(about, `${directory} is made at the next start.`)];
    const findings: Finding[] = [];
    if ((stats.mode & 0o002) !== 0) {
      findings.push(
        broken(
          about,
          `Everybody on this machine may write into ${directory}, and so publish.`,
          `chmod o-w ${directory}, and give it to a group of the back ends.`,
        ),
      );
    }
    const waiting = await inspectSpool(directory, "waiting", 1);
    const refused = await inspectSpool(directory, "refused", 0);
    const [first] = waiting.files;
    if (first !== undefined && isRunning && Date.now() - first.at > lateMs) {
      findings.push(
        attention(
          about,
          `${waiting.count} files wait although a server runs.`,
          "Does the server read this directory, and may it? parlance logs names what it cannot read.",
        ),
      );
    }
    if (refused.count > 0) {
      findings.push(
        attention(
          about,
          `${refused.count} files were refused.`,
          "parlance spool refused tells why; then parlance spool retry, or clear.",
        ),
      );
    }
    return findings.length > 0
      ? findings
      : [fine(about, `${directory}: ${waiting.count} files wait.`)];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return [
      broken(
        about,
        `${directory} cannot be read (${code ?? String(error)}).`,
        "Run this as the server's user. If it is, change the directory's owner.",
      ),
    ];
  }
}
