import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { parseBrokerUrl } from "@parlance/broker/url";
import type { Broker } from "@parlance/core";
import { openBroker } from "../broker.ts";
import type { Config } from "../config/types.ts";
import { isShared } from "../store.ts";
import { attention, broken, type Finding, fine, wordOf } from "./finding.ts";

const roundTripMs = 3_000;
const slowMs = 100;
const lookMs = 5;

/** Whether what one node publishes reaches another: two connections, under an install's name of their own. */
export async function examineBroker(config: Config): Promise<Finding> {
  const [scheme = ""] = config.broker_url.split(":", 1);
  if (scheme === "memory") {
    return isShared(config)
      ? attention(
          "broker",
          "There is none. One server alone needs none; several on this database would hear of each other late.",
          "With several servers set PARLANCE_BROKER_URL: docs/operations/brokers.md.",
        )
      : fine("broker", "One server alone needs none.");
  }
  if (scheme === "none") {
    return attention(
      "broker",
      "PARLANCE_BROKER_URL is none: what other nodes say arrives with the next look into the database.",
      "Use Redis, RabbitMQ or NATS where that is too late: docs/operations/brokers.md.",
    );
  }
  return examineLine("broker", config.broker_url);
}

/** The same for a door's service: whoever can publish and listen there can read the door, too. */
export async function examineLine(about: string, url: string): Promise<Finding> {
  const name = shownUrl(url);
  const brokers: Broker[] = [];
  const trouble: string[] = [];
  const installId = `doctor-${randomUUID()}`;
  try {
    for (const nodeId of ["a", "b"]) {
      brokers.push(
        await openBroker(
          { broker_url: url },
          {
            installId,
            nodeId,
            report: (_, event, fields) => {
              if (event === "broker_lost") trouble.push(String(fields["error_code"]));
            },
            board: () => undefined,
          },
        ),
      );
    }
    const [from, to] = brokers;
    if (from === undefined || to === undefined || !from.isConnected() || !to.isConnected()) {
      return unreachable(about, name, trouble[0] ?? "no answer");
    }
    const tookMs = await roundTrip(from, to);
    if (tookMs === undefined) {
      return broken(
        about,
        `${name} takes connections, and nothing that is published arrives.`,
        "May this user publish and subscribe there? docs/operations/brokers.md has the rights that are needed.",
      );
    }
    if (tookMs > slowMs) {
      const advice = "It is far away or busy; messages between nodes take so long.";
      return attention(about, `${name} answers, a round takes ${tookMs} ms.`, advice);
    }
    return fine(about, `${name} carries from one node to another in ${tookMs} ms.`);
  } catch (error) {
    return unreachable(about, name, wordOf(error));
  } finally {
    await Promise.all(brokers.map((broker) => broker.close()));
  }
}

function unreachable(about: string, name: string, why: string): Finding {
  const isRight = /auth|pass|denied|NOPERM|ACCESS|403/i.test(why);
  return broken(
    about,
    `${name} cannot be used: ${why}.`,
    isRight
      ? "User or password are wrong: look at its address."
      : "Nobody answers there: is it running, are host and port right? Messages go on through the database meanwhile.",
  );
}

async function roundTrip(from: Broker, to: Broker): Promise<number | undefined> {
  let isHeard = false;
  await to.subscribe("control", () => {
    isHeard = true;
  });
  const begun = performance.now();
  from.publish("control", { type: "control", head: 0 });
  while (!isHeard) {
    if (performance.now() - begun > roundTripMs) return undefined;
    await pause(lookMs);
  }
  return Math.round(performance.now() - begun);
}

/** Without user and password. */
function shownUrl(url: string): string {
  if (url.startsWith("ipc:")) return url;
  const { scheme, hosts } = parseBrokerUrl(url);
  return `${scheme}//${hosts.map(({ host, port }) => `${host}:${port}`).join(",")}`;
}
