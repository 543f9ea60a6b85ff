import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  describeDirectory,
  describeFileIndex,
  describeRoomLog,
  describeWebhooks,
  type WebhookHarness,
} from "@parlance/testkit/contracts";
import { clearSqlite } from "../../test/sqlite-fixture.ts";
import { openSqlite } from "./index.ts";

async function start(): Promise<WebhookHarness> {
  const directory = await mkdtemp(join(tmpdir(), "parlance-contract-"));
  let store = await openSqlite({ directory, readers: 1 });
  return {
    get log() {
      return store.log;
    },
    get directory() {
      return store.directory;
    },
    get files() {
      return store.files;
    },
    get webhooks() {
      return store.webhooks;
    },
    clear: async () => clearSqlite(directory),
    reopen: async () => {
      await store.close();
      store = await openSqlite({ directory, readers: 1 });
    },
    close: async () => {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}

describeRoomLog("sqlite", start);
describeDirectory("sqlite", start);
describeFileIndex("sqlite", start);
describeWebhooks("sqlite", start);
