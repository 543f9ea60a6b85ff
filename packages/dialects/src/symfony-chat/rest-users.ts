import { backEndMay, type Identity, type UserRecord } from "@parlance/core";
import { limits, type PresenceState, ProtocolError, type UserId } from "@parlance/protocol";
import { isMembers, member } from "../json/frame.ts";
import type { RestRequest, RestRoute } from "../json/rest.ts";
import type { SymfonyDoors } from "./rest.ts";

/** What the chat's pages call it. */
const words: Readonly<Record<PresenceState, string>> = {
  active: "online",
  away: "away",
  dnd: "busy",
  offline: "offline",
};

/** Users: making, listing, finding, and the status that somebody chose (SC-07). */
export function userRoutes(doors: SymfonyDoors): readonly RestRoute[] {
  const { users, accounts } = doors;

  async function userOf(id: string | undefined): Promise<UserRecord> {
    const found = /^[1-9]\d{0,14}$/.test(id ?? "")
      ? await users.userByNumber(Number(id))
      : await users.user((id ?? "") as UserId);
    if (found === undefined) throw new ProtocolError("not_found");
    return found;
  }

  /** As `mustBeKnown`. @throws ProtocolError `forbidden` for keys that may not read, or only in some rooms: people are in all. */
  async function mustSeePeople(request: RestRequest): Promise<void> {
    mustBeKnown(request);
    const { identity } = request;
    if (identity === undefined) return;
    const { scopes, rooms } = identity;
    const mayRead = scopes === undefined || backEndMay(scopes, "read");
    if (!mayRead || rooms !== undefined) throw new ProtocolError("forbidden");
    await doors.node.spend(identity, "reads");
  }

  /** An address is shown to its owner, to operators, and where anybody may be anybody. */
  function view(user: UserRecord, request: RestRequest): object {
    const { identity, isTrusted } = request;
    const seesEmail =
      isTrusted || identity?.user === user.id || identity?.scopes?.includes("admin") === true;
    return {
      id: user.kind === "external" ? user.id : user.number,
      username: user.username ?? user.name,
      ...(seesEmail && user.email !== undefined ? { email: user.email } : {}),
      status: user.status ?? words[doors.stateOf(user.id)],
      created_at: new Date(user.createdAt).toISOString(),
    };
  }

  return [
    {
      method: "POST",
      path: "/api/users",
      async handle(request) {
        const { body, isTrusted, address, identity } = request;
        const isOperator = identity?.scopes?.includes("admin") === true;
        if (!doors.signUpAllowed && !isOperator) throw new ProtocolError("forbidden");
        const fields = isMembers(body) ? body : {};
        const username = textMember(fields, "username");
        const email = textMember(fields, "email");
        const given = member(fields, "password");
        if (given !== undefined && typeof given !== "string") throw bad("password");
        // Development takes those two for a login, as the chat's pages do; elsewhere they are no secret.
        if (given === undefined && !isTrusted) throw bad("password");
        const user = await accounts.createAccount({
          username,
          email,
          password: given ?? doors.newPassword(),
          address,
        });
        return { status: 201, body: view(user, { ...request, isTrusted: true }) };
      },
    },
    {
      method: "GET",
      path: "/api/users",
      async handle(request) {
        await mustSeePeople(request);
        const found = await users.users(numberIn(request.query["after"], 0), limits.listItems);
        const people = found.filter((user) => user.kind !== "service");
        return { status: 200, body: people.map((user) => view(user, request)) };
      },
    },
    {
      method: "GET",
      path: "/api/users/:id",
      async handle(request) {
        await mustSeePeople(request);
        return { status: 200, body: view(await userOf(request.params["id"]), request) };
      },
    },
    {
      method: "GET",
      path: "/api/users/username/:username",
      async handle(request) {
        await mustSeePeople(request);
        const user = await users.userByUsername(request.params["username"] ?? "");
        if (user === undefined) throw new ProtocolError("not_found");
        return { status: 200, body: view(user, request) };
      },
    },
    {
      method: "PATCH",
      path: "/api/users/:id/status",
      async handle(request) {
        mustBeKnown(request);
        const user = await userOf(request.params["id"]);
        if (!request.isTrusted && !maySpeakFor(request.identity, user.id)) {
          throw new ProtocolError("forbidden");
        }
        if (request.identity !== undefined) await doors.node.spend(request.identity, "writes");
        const status = textMember(isMembers(request.body) ? request.body : {}, "status");
        if (status.length > 64 || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(status)) throw bad("status");
        await users.setStatus(user.id, status, doors.now());
        return { status: 200, body: view({ ...user, status }, request) };
      },
    },
  ];
}

/** @throws ProtocolError `unauthenticated` where nobody showed who it is and the network is not trusted. */
export function mustBeKnown({ identity, isTrusted }: RestRequest): void {
  if (identity === undefined && !isTrusted) throw new ProtocolError("unauthenticated");
}

function maySpeakFor(identity: Identity | undefined, user: UserId): boolean {
  return identity?.user === user || identity?.scopes?.includes("admin") === true;
}

function textMember(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = member(fields, name);
  if (typeof value !== "string" || value.trim() === "" || !value.isWellFormed()) throw bad(name);
  return value;
}

function numberIn(given: string | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  if (!/^\d{1,15}$/.test(given)) throw bad("after");
  return Number(given);
}

function bad(field: string): ProtocolError {
  return new ProtocolError("bad_request", { field });
}
