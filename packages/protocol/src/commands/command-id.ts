/** Ties an answer to its command: an integer from 0, or a string of 1-64 characters. Chosen by the client. */
export type CommandId = number | string;
