/** The first number of a frame. */
export const messages = { sync: 0, awareness: 1, auth: 2, queryAwareness: 3 } as const;
/** The second one of a sync message: what one has, what the other lacks of that, and a change. */
export const syncSteps = { vector: 0, missing: 1, update: 2 } as const;
/** The second one of an auth message. */
export const permissionDenied = 0;
