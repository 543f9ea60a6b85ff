/** Who is signed in here. */
import { local, perWindow, readStored, writeStored } from "@parlance/react";

/** A login as the browser keeps it. */
export interface StoredSession {
  readonly token: string;
  readonly user: { readonly id: string; readonly name: string; readonly kind: string };
}

const sessionKey = "parlance.session";
const deviceKey = "parlance.device";

/** The login of the last visit, or undefined. */
export function loadSession(): StoredSession | undefined {
  const text = readStored(local, sessionKey);
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as StoredSession;
    return typeof value.token === "string" && typeof value.user?.id === "string"
      ? value
      : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a login, or forgets it. */
export function storeSession(session: StoredSession | undefined): void {
  writeStored(local, sessionKey, session === undefined ? undefined : JSON.stringify(session));
}

/**
 * Names this window to the server. Per window, not per browser: a reload takes its old connection's place at
 * once, while two windows of one person live side by side. (A duplicated tab copies the name and replaces
 * the first; `renewDeviceId` lets the first come back as a window of its own.)
 */
export function deviceId(): string {
  return readStored(perWindow, deviceKey) ?? renewDeviceId();
}

/** Gives this window a new name. */
export function renewDeviceId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  const id = `web-${Array.from(bytes, (byte) => byte.toString(36).padStart(2, "0")).join("")}`;
  writeStored(perWindow, deviceKey, id);
  return id;
}
