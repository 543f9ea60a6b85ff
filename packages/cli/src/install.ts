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
    const lines = describeStartFailure(error, config);
    if (lines === undefined) throw error;
    throw new CommandFailure(lines.join("\n"));
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
