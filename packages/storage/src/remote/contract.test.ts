import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  describeDirectory,
  describeFileIndex,
  describeRateStore,
  describeRoomLog,
  describeWebhooks,
  type WebhookHarness,
} from "@parlance/testkit/contracts";
import { clearSqlite } from "../../test/sqlite-fixture.ts";
import { openSqlite } from "../sqlite/index.ts";
import { connectStore, serveStore } from "./index.ts";

async function start(): Promise<WebhookHarness> {
  const directory = await mkdtemp(join(tmpdir(), "parlance-contract-"));
  const path = join(directory, "store");
  const open = async () => {
    const owned = await openSqlite({ directory, readers: 1 });
    const served = await serveStore(owned, path);
    return { owned, served, store: await connectStore(path) };
  };
  let parts = await open();
  const close = async (): Promise<void> => {
    await parts.store.close();
    await parts.served.close();
    await parts.owned.close();
  };
  return {
    get log() {
      return parts.store.log;
    },
    get directory() {
      return parts.store.directory;
    },
    get files() {
      return parts.store.files;
    },
    get webhooks() {
      return parts.store.webhooks;
    },
    clear: async () => clearSqlite(directory),
    reopen: async () => {
      await close();
      parts = await open();
    },
    beside: () => connectStore(path),
    close: async () => {
      await close();
      await rm(directory, { recursive: true });
    },
  };
}

describeRoomLog("remote", start);
describeDirectory("remote", start);
describeFileIndex("remote", start);
describeWebhooks("remote", start);

// What workers share: the owner's buckets, by two connections.
describeRateStore("remote", async () => {
  const directory = await mkdtemp(join(tmpdir(), "parlance-contract-"));
  const path = join(directory, "store");
  const owned = await openSqlite({ directory, readers: 1 });
  const served = await serveStore(owned, path);
  const [one, other] = await Promise.all([connectStore(path), connectStore(path)]);
  return {
    store: one.rates,
    beside: other.rates,
    close: async () => {
      await Promise.all([one.close(), other.close()]);
      await served.close();
      await owned.close();
      await rm(directory, { recursive: true });
    },
  };
});
