/** The ports that a store consists of, and what each method does: for whoever stands between a store and its users. */
import type {
  Directory,
  FileIndex,
  Fleet,
  Outbox,
  RateStore,
  RoomLog,
  Webhooks,
} from "@parlance/core";

export interface Ports {
  readonly log: RoomLog;
  readonly directory: Directory;
  readonly files: FileIndex;
  readonly outbox: Outbox;
  readonly fleet: Fleet;
  readonly rates: RateStore;
  readonly webhooks: Webhooks;
}
export type PortName = keyof Ports;

/** A `write` may have happened although no answer came. */
export type Effect = "read" | "write";

type Effects = { readonly [P in PortName]: { readonly [M in keyof Ports[P]]-?: Effect } };

/** Every method: the compiler asks for a line when a port gets one. */
export const effects: Effects = {
  log: {
    append: "write",
    open: "write",
    read: "read",
    heads: "read",
    proof: "read",
    findMessage: "read",
    messages: "read",
    messageStats: "read",
    search: "read",
    appendTexts: "write",
    openText: "read",
    openMessages: "read",
    idleMessages: "read",
    control: "read",
    controlHead: "read",
    renewEpochs: "write",
  },
  directory: {
    user: "read",
    users: "read",
    userByNumber: "read",
    userByUsername: "read",
    accountByLogin: "read",
    createUser: "write",
    upsertExternal: "write",
    setPassword: "write",
    setDisabled: "write",
    setAdmin: "write",
    setStatus: "write",
    createSession: "write",
    session: "read",
    revokeSession: "write",
    useTokenOnce: "write",
    isTokenUsed: "read",
    createKey: "write",
    key: "read",
    listKeys: "read",
    revokeKey: "write",
    member: "read",
    members: "read",
    roomsOf: "read",
    roomOf: "read",
    discoverable: "read",
    isBanned: "read",
    bans: "read",
    invite: "read",
    invites: "read",
    joinRequest: "read",
    joinRequests: "read",
    memberCounts: "read",
    peopleOf: "read",
    directory: "read",
    preferencesOf: "read",
    preferencesEverywhere: "read",
    changePreferences: "write",
    profilesOf: "read",
    shareRoom: "read",
    changeProfile: "write",
    setPicture: "write",
    picture: "read",
    noteSeen: "write",
    rooms: "read",
    markRead: "write",
    threadStanding: "read",
    followedThreads: "read",
    followThread: "write",
    markThreadRead: "write",
    mentionsOf: "read",
    messageVersions: "read",
    pins: "read",
    savedMessages: "read",
    saveMessage: "write",
    saveDraft: "write",
    drafts: "read",
    schedule: "write",
    scheduled: "read",
    dueMessages: "read",
    claimScheduled: "write",
    settleScheduled: "write",
    cancelScheduled: "write",
    places: "read",
    savePlaces: "write",
    takeLease: "write",
    giveBackLease: "write",
  },
  files: {
    begin: "write",
    file: "read",
    files: "read",
    usedBytes: "read",
    expire: "write",
    forget: "write",
  },
  outbox: {
    waiting: "read",
    done: "write",
    refuse: "write",
  },
  fleet: {
    beat: "write",
    leave: "write",
    nodes: "read",
  },
  rates: {
    // Of the moment: nothing waits for it when a store is exchanged, and what was taken without an answer flows in again.
    take: "read",
  },
  webhooks: {
    createWebhook: "write",
    webhooks: "read",
    pauseWebhook: "write",
    deleteWebhook: "write",
    noteWebhook: "write",
    webhookBehind: "read",
    advanceWebhook: "write",
    webhookFails: "write",
    buryEvent: "write",
    rewindWebhook: "write",
    webhookQueue: "read",
    webhookDelivered: "write",
    buryDelivery: "write",
    deadDeliveries: "read",
    reviveDeliveries: "write",
    webhookCounts: "read",
    webhookProgress: "read",
    putPresent: "write",
    comparePresence: "write",
  },
};
