import {
  describeDirectory,
  describeFileIndex,
  describeRoomLog,
  describeWebhooks,
} from "@parlance/testkit/contracts";
import { describeWith } from "@parlance/testkit/services";
import { startPostgres } from "../../test/postgres-fixture.ts";

describeWith("postgresql")("postgres", () => {
  describeRoomLog("postgres", startPostgres);
  describeDirectory("postgres", startPostgres);
  describeFileIndex("postgres", startPostgres);
  describeWebhooks("postgres", startPostgres);
});
