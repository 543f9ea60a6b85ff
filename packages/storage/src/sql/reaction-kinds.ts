/** Different reactions to one message: `limits.reactionKinds`, which storage threads do not load. */
export const maxReactionKinds = 50;
/** Users named with one kind of reaction: `limits.reactionUsers`. */
export const namedReactionUsers = 50;
