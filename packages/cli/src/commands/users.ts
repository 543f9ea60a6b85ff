import { createInterface } from "node:readline/promises";
import { Command } from "commander";
import { addInstallFlags, configFrom, type Options, wholeNumber, withExample } from "../flags.ts";
import { withStore } from "../install.ts";
import { CommandFailure, printable, say, sayJson, sayTable } from "../output.ts";
import { askAsOperator } from "../running.ts";

/** As many as one answer of the server has. */
const maxUsers = 200;

interface UserView {
  readonly id: string;
  readonly number: number;
  readonly kind: string;
  readonly name: string;
  readonly username?: string;
  readonly disabled: boolean;
  readonly admin: boolean;
  readonly created_at: string;
}

export function usersCommand(): Command {
  const add = new Command("add")
    .description("Make an account. The password is read from the first line of standard input.")
    .argument("<username>", "3-32 of a-z 0-9 _ . -")
    .option("--name <name>", "name that others see; the user name if not given")
    .option("--email <address>")
    .action(addUser);
  const list = new Command("list")
    .description("List everybody who was ever here: accounts, guests, users of tokens.")
    .option("--after <number>", "begin above this number", "0")
    .option("--limit <count>", `how many at most, 1-${maxUsers}`, "100")
    .action(listUsers);
  withExample(add, "echo 'a good password' | parlance users add ada --name 'Ada L.'");
  withExample(list, "parlance users list --limit 20");
  const admin = new Command("admin")
    .description("Say whether an account is an administrator, who may look at /admin.")
    .argument("<username>")
    .argument("<on|off>")
    .action(setAdmin);
  withExample(admin, "parlance users admin ada on");
  const command = new Command("users").description("Who is known here.");
  for (const one of [add, list, admin]) command.addCommand(addInstallFlags(one));
  return withExample(command, "parlance users list");
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

async function setAdmin(username: string, wanted: string, options: Options): Promise<void> {
  if (wanted !== "on" && wanted !== "off") throw new CommandFailure("Say on or off.");
  const { config } = configFrom(options);
  const isAdmin = wanted === "on";
  const path = `/users/${encodeURIComponent(username)}/admin`;
  const answer = await askAsOperator(config, isAdmin ? "PUT" : "DELETE", path);
  if (answer === undefined) {
    await withStore(config, async ({ users }) => {
      const account = await users.userByUsername(username);
      if (account === undefined) throw new CommandFailure(`There is no account ${username}.`);
      await users.setAdmin(account.id, isAdmin, Date.now());
    });
  }
  if (options["json"] === true) sayJson({ username, admin: isAdmin });
  else say(isAdmin ? `${username} is an administrator now.` : `${username} is none any more.`);
}

async function listUsers(options: Options): Promise<void> {
  const { config } = configFrom(options);
  const after = wholeNumber(options, "after", [0, Number.MAX_SAFE_INTEGER], "users list");
  const limit = wholeNumber(options, "limit", [1, maxUsers], "users list");
  const answer = await askAsOperator(config, "GET", `/users?after=${after}&limit=${limit}`);
  const users =
    answer === undefined
      ? await withStore(config, async (install) =>
          (await install.users.users(after, limit)).map(
            ({ createdAt, isAdmin, ...user }): UserView => ({
              ...user,
              admin: isAdmin === true,
              created_at: new Date(createdAt).toISOString(),
            }),
          ),
        )
      : (answer.body as { users: readonly UserView[] }).users;
  if (options["json"] === true) {
    sayJson(users);
    return;
  }
  if (users.length === 0) say(after === 0 ? "Nobody yet." : "Nobody more.");
  sayTable(
    users.map((user) => [
      String(user.number),
      user.id,
      user.kind,
      user.username ?? "",
      printable(user.name),
      user.created_at,
      user.disabled ? "disabled" : user.admin ? "administrator" : "",
    ]),
  );
  const last = users.at(-1);
  if (users.length === limit && last !== undefined) say(`More: --after ${last.number}`);
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
