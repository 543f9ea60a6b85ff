import type { ClientMessageId, Epoch, RoomId, UserId } from "@parlance/protocol";

/** One message that somebody means to send: known to the checker by its text, whatever ids it travels under. */
export interface Intent {
  readonly client: string;
  readonly user: UserId;
  /** 1, 2, 3 … of one client in one room: its order. */
  readonly number: number;
  readonly room: RoomId;
  readonly text: string;
  clientMessageId: ClientMessageId;
  attempts: number;
  /** On its way on the present link. */
  isSent: boolean;
  /** Sent one by one: whatever fails, what comes after it stands after it. */
  readonly isAlone: boolean;
  /** It was refused, and never tried before. */
  isDefinite: boolean;
  /** What its sender, and anybody, was told before it was first sent. */
  before?: {
    readonly epoch: Epoch;
    readonly acknowledged: number;
    readonly received: number;
    readonly sentAt: number;
  };
  acknowledged?: { readonly epoch: Epoch; readonly sequence: number };
}
