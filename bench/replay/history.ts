/** What clients saw and what the database holds: the input of the checker. Times are milliseconds of one clock. */

/** One message that a client tried to send. */
export interface Send {
  readonly room: string;
  readonly clientMessageId: string;
  readonly text: string;
  readonly at: number;
  /** The last sequence of the room that the client had been delivered when it sent. */
  readonly seen: number;
}

/** An acknowledgement as the client got it. */
export interface Ack {
  readonly room: string;
  readonly clientMessageId: string;
  readonly sequence: number;
  readonly id: string;
  readonly at: number;
}

/** A durable event as the client's application was given it. */
export interface Delivery {
  readonly room: string;
  readonly sequence: number;
  readonly id: string;
  readonly author: string;
  readonly type: string;
  readonly text: string | undefined;
}

/** Everything one client did and saw, in its order. */
export interface ClientHistory {
  readonly client: string;
  readonly user: string;
  /** Rooms subscribed to, from which offset. */
  readonly rooms: ReadonlyMap<string, number>;
  readonly sends: Send[];
  readonly acks: Ack[];
  /** Definite refusals by client message id. */
  readonly refusals: { readonly room: string; readonly clientMessageId: string }[];
  readonly deliveries: Delivery[];
  /** Times that the client came back by itself and went on. */
  resumes: number;
  /** Times that the server said it cannot go on from the client's place. */
  resets: number;
}

/** One row of the log. */
export interface Row {
  readonly room: string;
  readonly sequence: number;
  readonly id: string;
  readonly type: string;
  readonly author: string;
  readonly principal: string;
  readonly clientMessageId: string | undefined;
  readonly text: string | undefined;
}
