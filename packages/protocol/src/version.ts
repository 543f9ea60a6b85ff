/**
 * The native protocol's version. A client names the versions it speaks in `sign_in`; the server picks the
 * highest that both know. Additions that old clients ignore by rule (NAT-4) do not raise it.
 */
export const protocolVersion = 1;

/** Versions that this server speaks, highest first. */
export const supportedVersions: readonly number[] = [1];

/** The WebSocket sub-protocol of the native dialect. Optional for clients. */
export const subprotocol = "parlance.v1";
