/** How long a place of a device is kept that was not saved again. */
export const placeLifeMs: number = 30 * 86_400_000;
/** Rooms kept of one device. */
export const keptRooms = 1_000;
