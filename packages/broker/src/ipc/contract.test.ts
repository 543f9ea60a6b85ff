import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrokerHarness, describeBroker } from "@parlance/testkit/contracts";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";
import { kinds, writeFrame } from "./frames.ts";
import { createIpcBroker, createIpcHub } from "./index.ts";

async function start(): Promise<BrokerHarness> {
  const directory = await mkdtemp(join(tmpdir(), "parlance-ipc-"));
  const paths: Readonly<Record<"service" | "proxy" | "nowhere", string>> = {
    service: join(directory, "hub"),
    proxy: join(directory, "proxy"),
    nowhere: join(directory, "nowhere"),
  };
  const hub = await createIpcHub(paths.service);
  const proxy = await TcpProxy.open({ path: paths.service }, { path: paths.proxy });
  return {
    proxy,
    open: ({ via, ...options }) => createIpcBroker({ ...options, path: paths[via ?? "service"] }),
    async inject(installId, subject, bytes) {
      const socket = connect(paths.service);
      socket.end(writeFrame(kinds.message, `${installId}:${subject}`, bytes));
      await new Promise((resolve) => socket.once("close", resolve));
    },
    async close() {
      await proxy.close();
      await hub.close();
      await rm(directory, { recursive: true });
    },
  };
}

describeBroker("ipc", start, { hasProxy: true, canInject: true });
