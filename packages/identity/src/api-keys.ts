import {
  type ApiKeys,
  type Clock,
  isRoomPattern,
  type KeyRecord,
  type Keys,
  type Users,
} from "@parlance/core";
import { type Principal, ProtocolError, type UserId } from "@parlance/protocol";
import { hashSecret, newSecret, newSecretId } from "./secrets.ts";

export function createApiKeys(directory: Keys & Users, clock: Clock, revoked: () => void): ApiKeys {
  return {
    async createKey({ name, scopes, rooms, bot }) {
      /* Security: an operator's routes know no rooms, so a limit to some would be none; and what people take for a bot
       * must not be able to become one. */
      const isLimited = rooms !== undefined || bot !== undefined;
      // Nor must a bot be taken for a person.
      const isTooMuch = bot !== undefined && scopes.includes("impersonate");
      if ((isLimited && scopes.includes("admin")) || isTooMuch) {
        throw new ProtocolError("bad_request", { field: "scopes" });
      }
      if (rooms?.every(isRoomPattern) === false)
        throw new ProtocolError("bad_request", { field: "rooms" });
      const secret = newSecret();
      const key = {
        id: newSecretId(),
        name,
        principal: `service:${name}` as Principal,
        secretHash: hashSecret(secret),
        scopes,
        ...(rooms === undefined ? {} : { rooms }),
        ...(bot === undefined ? {} : { bot: true as const }),
        createdAt: clock.now(),
      };
      if (bot !== undefined) {
        const id = key.principal as string as UserId;
        if ((await directory.user(id)) === undefined) {
          await directory.createUser({
            id,
            kind: "service",
            name: bot.name,
            createdAt: clock.now(),
          });
        }
      }
      await directory.createKey(key);
      const record: KeyRecord = { ...key, revoked: false };
      return { record, token: `plk_${key.id}_${secret}` };
    },
    listKeys: () => directory.listKeys(),
    async revokeKey(id) {
      const wasThere = await directory.revokeKey(id, clock.now());
      revoked();
      return wasThere;
    },
  };
}
