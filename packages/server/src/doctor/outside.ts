/** The way that people take: the public address, its certificate, and what the proxy on it does to connections. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";
import type { Config } from "../config/types.ts";
import { signLocalToken } from "../local-token.ts";
import { attention, broken, type Finding, fine, wordOf } from "./finding.ts";
import { maskedText, requestOf, timeoutMs, upgrade } from "./public-line.ts";
import { examineQuiet } from "./quiet.ts";

/** What is written to a stream and does not arrive in this time is kept somewhere. */
const bufferedMs = 3_000;
const dayMs = 86_400_000;
const soonDays = 14;
/**
 * @param localUrl Where the server is asked past all proxies; absent if none runs.
 * @param isPatient Whether a quiet connection is held open, for two heartbeats.
 */
export async function examineOutside(
  config: Config,
  localUrl: string | undefined,
  isPatient = false,
): Promise<Finding[]> {
  const { public_url: publicUrl } = config;
  if (publicUrl === undefined) return [];
  const url = new URL(publicUrl);
  const findings: Finding[] = [];
  let isTrusted = true;
  if (url.protocol === "https:") {
    const certificate = await examineCertificate(url);
    findings.push(certificate);
    isTrusted = certificate.state !== "broken";
  } else if (url.hostname !== "localhost" && !url.hostname.startsWith("127.")) {
    findings.push(
      attention(
        "tls",
        `${publicUrl} is not encrypted: whoever carries it reads messages and tokens.`,
        "Let a proxy do TLS: docs/operations/proxies.md.",
      ),
    );
  }
  const answers = await examineAnswer(url);
  findings.push(answers);
  if (answers.state === "broken") return findings;
  const sockets = await examineUpgrade(url);
  findings.push(sockets);
  /* Security: nothing that proves who we are goes to somebody whose certificate does not. */
  if (localUrl !== undefined && isTrusted) {
    findings.push(await examineStreams(config, url, localUrl));
    if (isPatient && sockets.state === "fine") findings.push(await examineQuiet(config, url));
  }
  return findings;
}

async function examineCertificate(url: URL): Promise<Finding> {
  const { hostname } = url;
  const port = url.port === "" ? 443 : Number(url.port);
  const socket = connect({ host: hostname, port, servername: hostname, rejectUnauthorized: false });
  try {
    await once(socket, "secureConnect", { signal: AbortSignal.timeout(timeoutMs) });
    const certificate = socket.getPeerCertificate();
    const end = new Date(certificate.valid_to);
    const leftDays = Math.floor((end.getTime() - Date.now()) / dayMs);
    const day = Number.isNaN(end.getTime()) ? certificate.valid_to : end.toISOString().slice(0, 10);
    if (leftDays < 0) {
      return broken("tls", `The certificate of ${hostname} expired on ${day}.`, "Renew it.");
    }
    const wrong = socket.authorizationError;
    if (!socket.authorized) {
      return broken(
        "tls",
        `The certificate of ${hostname} is not trusted: ${reasonOf(wrong)}.`,
        "Browsers refuse it. Use one of a public authority, for this name, with its whole chain.",
      );
    }
    if (leftDays < soonDays) {
      return attention("tls", `The certificate of ${hostname} ends on ${day}.`, "Renew it.");
    }
    return fine("tls", `The certificate of ${hostname} is good until ${day}.`);
  } catch (error) {
    const advice = "Does the proxy do TLS on this port? Without it nobody can open the address.";
    return broken("tls", `${url.origin} has no TLS: ${wordOf(error)}.`, advice);
  } finally {
    socket.destroy();
  }
}

function reasonOf(error: unknown): string {
  const code =
    error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? "") : String(error);
  switch (code) {
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return "it is signed by itself";
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return "the certificate between it and its authority is missing";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return "it is for another name";
    default:
      return code;
  }
}

async function examineAnswer(url: URL): Promise<Finding> {
  const place = `${url.origin}/health`;
  try {
    const response = await ask(new URL("/health", url));
    response.resume();
    const { statusCode = 0 } = response;
    if (statusCode === 200) return fine("proxy", `${place} answers.`);
    const advice =
      statusCode === 502 || statusCode === 503 || statusCode === 504
        ? "The proxy is there and does not reach the server: look at the address that it leads to."
        : "Something else answers there: look at the proxy's configuration.";
    return broken("proxy", `${place} answers ${statusCode}.`, advice);
  } catch (error) {
    return broken(
      "proxy",
      `${place} does not answer: ${wordOf(error)}.`,
      "Look at PARLANCE_PUBLIC_URL, the name's address, the proxy and the firewall. (Some networks do not let a machine " +
        "reach its own public address.)",
    );
  }
}

/** A handshake as browsers make it, and a frame there and back. */
async function examineUpgrade(url: URL): Promise<Finding> {
  const place = `${url.origin}/ws`;
  const advice =
    "The proxy has to pass Upgrade and Connection on, by HTTP/1.1: docs/operations/proxies.md has files for nginx, Apache " +
    "and HAProxy.";
  try {
    const upgraded = await upgrade(new URL("/ws", url));
    if (!("socket" in upgraded)) {
      return broken(
        "proxy",
        `WebSockets do not pass: ${place} answers ${upgraded.status}.`,
        advice,
      );
    }
    const { socket, head } = upgraded;
    const answered = head.length > 0 ? Promise.resolve() : firstData(socket, timeoutMs);
    // A command that is answered before anybody signs in.
    socket.write(maskedText('{"type":"ping","id":1}'));
    const isHeard = await answered.then(
      () => true,
      () => false,
    );
    socket.destroy();
    return isHeard
      ? fine("proxy", `WebSockets pass (${place}), there and back.`)
      : broken("proxy", `${place} is opened, and nothing comes back on it.`, advice);
  } catch (error) {
    return broken("proxy", `WebSockets do not pass: ${wordOf(error)}.`, advice);
  }
}

/** Whether an event stream arrives as it is written. */
async function examineStreams(config: Config, url: URL, localUrl: string): Promise<Finding> {
  const about = "proxy";
  try {
    const token = await signLocalToken(config, {
      user: "service:parlance-doctor",
      ttlSeconds: 60,
      scopes: ["read"],
    });
    const issued = await fetch(`${localUrl}/api/v1/tickets`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ room: "general" }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const { ticket } = (await issued.json()) as { ticket?: string };
    if (ticket === undefined)
      return attention(about, "Event streams were not checked.", "parlance logs");
    const stream = new URL(`/rooms/general/events?ticket=${ticket}`, url);
    const response = await ask(stream, bufferedMs);
    await firstData(response, bufferedMs);
    response.destroy();
    return fine(about, "Event streams arrive as they are written.");
  } catch (error) {
    return attention(
      about,
      `An event stream did not arrive within ${bufferedMs / 1_000} s: ${wordOf(error)}.`,
      "The proxy gathers answers before it passes them on: switch its buffering off (docs/operations/proxies.md).",
    );
  }
}

async function firstData(stream: Duplex | IncomingMessage, ms: number): Promise<void> {
  await once(stream, "data", { signal: AbortSignal.timeout(ms) });
}

async function ask(url: URL, ms: number = timeoutMs): Promise<IncomingMessage> {
  const request = requestOf(url, {});
  const response = once(request, "response", { signal: AbortSignal.timeout(ms) });
  request.end();
  const [message] = (await response) as [IncomingMessage];
  return message;
}
