import { type Config, describeStartFailure, type Offline, openOffline } from "@parlance/server";
import { CommandFailure } from "./output.ts";

/**
 * Works on the store of an install whose server does not run.
 *
 * @throws CommandFailure with what to do if the store cannot be opened, or refuses.
 */
export async function withStore<T>(
  config: Config,
  work: (install: Offline) => Promise<T>,
): Promise<T> {
  let install: Offline;
  try {
    install = await openOffline(config);
  } catch (error) {
    throw tellable(error, config);
  }
  try {
    return await work(install);
  } catch (error) {
    // A row of the error table; anything else is for whoever reads stacks.
    if (!(error instanceof Error) || error.name !== "ProtocolError") throw error;
    const { details } = error as Error & { readonly details?: object };
    const facts = details === undefined ? "" : ` ${JSON.stringify(details)}`;
    throw new CommandFailure(`${error.message}${facts}`);
  } finally {
    await install.close();
  }
}

/** What the person at the terminal is told of an error; the error itself where nobody foresaw it. */
export function tellable(error: unknown, config: Config): unknown {
  const lines = describeStartFailure(error, config);
  return lines === undefined ? error : new CommandFailure(lines.join("\n"));
}
