import {
  describeDirectory,
  describeFileIndex,
  describeRoomLog,
  describeWebhooks,
} from "@parlance/testkit/contracts";
import { describeWith } from "@parlance/testkit/services";
import { startMysql } from "../../test/mysql-fixture.ts";

describeWith("mariadb")("mysql", () => {
  describeRoomLog("mariadb", startMysql);
  describeDirectory("mariadb", startMysql);
  describeFileIndex("mariadb", startMysql);
  describeWebhooks("mariadb", startMysql);
});
