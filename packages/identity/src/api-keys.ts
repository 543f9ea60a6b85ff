import type { ApiKeys, Clock, KeyRecord, Keys } from "@parlance/core";
import type { Principal } from "@parlance/protocol";
import { hashSecret, newSecret, newSecretId } from "./secrets.ts";

export function createApiKeys(directory: Keys, clock: Clock, revoked: () => void): ApiKeys {
  return {
    async createKey({ name, scopes }) {
      const secret = newSecret();
      const key = {
        id: newSecretId(),
        name,
        principal: `service:${name}` as Principal,
        secretHash: hashSecret(secret),
        scopes,
        createdAt: clock.now(),
      };
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
