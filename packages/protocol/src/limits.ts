/**
 * Bounds of the wire, in the unit that the name tells. They are part of the contract with clients: the
 * reply to `sign_in` repeats those that a client needs.
 */
export const limits = {
  /** One inbound frame. A longer one ends the connection with 1009. Holds a full text even if every
   * character is escaped as `\uXXXX`. */
  frameBytes: 131_072,
  /** A message's text, in UTF-16 code units (what `String.length` counts). */
  textLength: 16_384,
  /** The text of a message that grows, in UTF-16 code units. Its `message.closed` carries the whole of it: frames that the
   * server sends have no bound of their own. */
  openTextLength: 262_144,
  /** What one `get_text` answers at most, in UTF-16 code units. */
  textPageLength: 65_536,
  /** Messages that one principal may have open. */
  openMessages: 100,
  /** Appends to one open message: in the long run, and at once. */
  appendsPerSecond: 100,
  appendBurst: 400,
  /** What an application puts beside a message's text: UTF-8 bytes of its compact JSON. */
  dataBytes: 32_768,
  /** What goes with a question to the application, and its answer: UTF-8 bytes of their compact JSON. */
  rpcDataBytes: 32_768,
  rpcAnswerBytes: 131_072,
  /** Questions of one connection to the application that wait for their answer. */
  rpcAtOnce: 16,
  /** Of all connections of one user to a node, and over HTTP, together. */
  rpcAtOncePerUser: 64,
  /** One change of a shared document: UTF-8 bytes of its JSON text. */
  changesBytes: 65_536,
  /** One update of a document, a state vector, and what a whole document may have: bytes, before base64. */
  documentUpdateBytes: 4_194_304,
  stateVectorBytes: 65_536,
  documentBytes: 33_554_432,
  /** A whisper's data in UTF-8 bytes, its name in UTF-16 code units, and how many one connection sends: in the long run, and at once. */
  whisperBytes: 10_240,
  whisperNameLength: 200,
  whispersPerSecond: 10,
  /** What an application says of somebody in a room, as compact JSON: UTF-8 bytes. */
  userInfoBytes: 1_024,
  /** Versions of a document in one listing. */
  pageVersions: 100,
  /** A cursor's position, as compact JSON. */
  positionBytes: 4_096,
  /** What one client of a document shows of itself, as compact JSON; states in one command; clients of one connection and document. */
  awarenessBytes: 16_384,
  awarenessStates: 16,
  awarenessClients: 8,
  /** One reaction, in UTF-16 code units: families and flags of regions are long. */
  emojiLength: 32,
  /** Different reactions to one message. */
  reactionKinds: 50,
  /** Users named with one kind of reaction; all are counted. */
  reactionUsers: 50,
  /** What somebody says about themselves: one line, in UTF-16 code units. */
  statusLength: 64,
  timeZoneLength: 64,
  /** Somebody's picture: bytes, and pixels of its longer side. */
  pictureBytes: 32_768,
  pictureSide: 512,
  /** Nesting of objects and arrays in one frame. */
  jsonDepth: 32,
  roomIdLength: 128,
  userIdLength: 128,
  clientMessageIdLength: 64,
  deviceIdLength: 64,
  nameLength: 64,
  titleLength: 120,
  /** A room's topic and description, in UTF-16 code units. */
  topicLength: 250,
  descriptionLength: 2_000,
  /** Longest wait between two messages of one person in a room that is slowed: six hours. */
  slowModeSeconds: 21_600,
  /** People in a direct room, beside the one who opens it. */
  directUsers: 8,
  /** Invite links of one room that are good at the same time, uses of one, and seconds that it lasts: a year. */
  invites: 100,
  inviteUses: 10_000,
  inviteSeconds: 31_536_000,
  /** Sections of somebody's list of rooms. */
  sections: 50,
  /** People of one room who wait to be let in. */
  joinRequests: 1_000,
  /** A bearer token of any kind. Longer ones are refused unread. */
  tokenLength: 8_192,
  /** Events in one page of history or one proof. */
  pageEvents: 200,
  /** Threads in one page. */
  pageThreads: 50,
  /** Pinned messages of one room, and messages that somebody may have saved. */
  pins: 100,
  savedMessages: 1_000,
  /** Drafts with a text, and messages that wait to be sent, of one person. */
  drafts: 500,
  scheduled: 100,
  /** People whom one message may mention by name, and by being there. */
  mentionedUsers: 50,
  mentionedHere: 200,
  /** People named as those who wrote in a thread; all may follow it. */
  threadPeople: 10,
  /** What is shown of a quoted message, in UTF-16 code units. */
  quoteLength: 200,
  proofEvents: 1_000,
  /** Choices of a poll, and one of them in UTF-16 code units. */
  pollOptions: 10,
  pollOptionLength: 200,
  /** Commands that applications offer; what is said of one, and what may be written behind it, in UTF-16 code units. */
  slashCommands: 200,
  commandDescriptionLength: 200,
  commandTextLength: 16_384,
  /** What is searched for, in UTF-16 code units; hits of one page; messages on each side of one; authors to choose from. */
  searchLength: 1_024,
  searchHits: 50,
  searchContext: 5,
  searchAuthors: 50,
  /** Live subscriptions of one connection. */
  subscriptions: 1_000,
  /** Rooms in one `resume`. */
  resumeRooms: 200,
  /** Members or rooms in one listing. */
  listItems: 1_000,
  /** People whom one call may ring. */
  callees: 8,
  /** UTF-8 bytes of one call signal as JSON. */
  signalBytes: 16_384,
  /** Bytes of one piece of an upload, before base64. */
  pieceBytes: 65_536,
  /** A file's name as given, in UTF-16 code units. It is made harmless and shorter before it is stored. */
  fileNameLength: 1_024,
  /** Frames in a row that are not understood before the connection is closed with 4500. */
  badFramesInARow: 20,
} as const;
