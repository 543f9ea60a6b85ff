import { createInterface } from "node:readline/promises";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options } from "../flags.ts";
import { withStore } from "../install.ts";
import { CommandFailure, say, sayJson } from "../output.ts";
import { askAsOperator } from "../running.ts";

export function usersCommand(): Command {
  const add = new Command("add")
    .description("Make an account. The password is read from the first line of standard input.")
    .argument("<username>", "3-32 of a-z 0-9 _ . -")
    .option("--name <name>", "name that others see; the user name if not given")
    .option("--email <address>")
    .action(addUser);
  return new Command("users").description("Built-in accounts.").addCommand(addInstallFlags(add));
}

async function addUser(username: string, options: Options): Promise<void> {
  const { config } = configFrom(options);
  const { name, email } = options;
  const account = {
    username,
    password: await readPassword(),
    ...(typeof name === "string" ? { name } : {}),
    ...(typeof email === "string" ? { email } : {}),
  };
  const answer = await askAsOperator(config, "POST", "/users", account);
  const id =
    answer === undefined
      ? (await withStore(config, ({ accounts }) => accounts.createAccount(account))).id
      : (answer.body as { user: { id: string } }).user.id;
  if (options["json"] === true) sayJson({ id, username });
  else say(`Made ${username} (${id}).`);
}

/** Not an argument: other users of the machine see those, and shells remember them. */
async function readPassword(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write("Password (will be shown): ");
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    lines.close();
    if (line !== "") return line;
    break;
  }
  throw new CommandFailure("No password on standard input.");
}
