/** Both engines that are servers of their own, as fault tests need them: behind a proxy, with a hand on the other side. */
import { type ServiceName, serviceUrl } from "@parlance/testkit/services";
import { TcpProxy } from "@parlance/testkit/tcp-proxy";
import { openMysql } from "../src/mysql/index.ts";
import { openPostgres } from "../src/postgres/index.ts";
import type { Store } from "../src/store.ts";
import { dropMysqlTables, withMysql } from "./mysql-fixture.ts";
import { dropTables, withPostgres } from "./postgres-fixture.ts";

/** Statements from another connection, which stays open until the callback is done. */
export type Statements = (run: (sql: string) => Promise<unknown>) => Promise<unknown>;

export interface TestEngine {
  readonly service: ServiceName;
  open(url: string, prefix: string, connections?: number): Promise<Store>;
  /** Past the proxy. `"x"` quotes a name in both. */
  outside<T>(use: (run: (sql: string) => Promise<unknown>) => Promise<T>): Promise<T>;
  drop(prefix: string): Promise<void>;
  /** Begins a transaction that keeps a room's row to itself. */
  readonly lockRoom: (prefix: string, room: string) => readonly string[];
  /** Keeps everybody else from reading a table. */
  readonly lockTable: (prefix: string, table: string) => readonly string[];
  readonly unlock: string;
}

export const engines: readonly TestEngine[] = [
  {
    service: "postgresql",
    open: (url, prefix, connections = 5) => openPostgres({ url, prefix, connections }),
    outside: (use) => withPostgres((client) => use((sql) => client.query(sql))),
    drop: dropTables,
    lockRoom: (prefix, room) => [
      "BEGIN",
      `SELECT 1 FROM "${prefix}rooms" WHERE room = '${room}' FOR UPDATE`,
    ],
    lockTable: (prefix, table) => ["BEGIN", `LOCK TABLE "${prefix}${table}"`],
    unlock: "COMMIT",
  },
  {
    service: "mariadb",
    open: (url, prefix, connections = 5) => openMysql({ url, prefix, connections }),
    outside: (use) => withMysql((client) => use((sql) => client.query(sql))),
    drop: dropMysqlTables,
    lockRoom: (prefix, room) => [
      "START TRANSACTION",
      `SELECT 1 FROM \`${prefix}rooms\` WHERE room = '${room}' FOR UPDATE`,
    ],
    lockTable: (prefix, table) => [`LOCK TABLES \`${prefix}${table}\` WRITE`],
    unlock: "UNLOCK TABLES",
  },
];

/** A proxy before the service, and the service's address through it. */
export async function proxied(service: ServiceName): Promise<{ proxy: TcpProxy; url: string }> {
  const url = new URL(serviceUrl(service));
  const proxy = await TcpProxy.open({ host: url.hostname, port: Number(url.port) });
  url.port = String(proxy.port);
  return { proxy, url: url.href };
}
