/** Ways in over Redis or Valkey. */
export { openRedisChannels, type RedisChannelsOptions } from "./channels.ts";
export { openRedisStreams, type RedisStreamsOptions, refusedStreamOf } from "./streams.ts";
