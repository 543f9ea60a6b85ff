/** What a node answers to the questions that nodes ask each other. */
import type { Json, UserId } from "@parlance/protocol";
import {
  connectionQuestions,
  endConnection,
  endUser,
  listConnections,
  readConnectionFilter,
} from "./connection-list.ts";
import type { Answerer } from "./gate.ts";
import { answerHappenings, happeningsQuestion } from "./message-trace.ts";
import { countsOf, dialectsOf } from "./node-counts.ts";
import { occupancyQuestions, occupantsHere, occupiedHere } from "./occupancy.ts";
import { onlineIn, onlineQuestion, stateQuestion } from "./online.ts";
import type { Services } from "./services.ts";

/** By the questions' names. */
export function nodeAnswers(services: Services): readonly (readonly [string, Answerer])[] {
  const { clock, happenings, nodeId, people, registry, rooms } = services;
  return [
    [happeningsQuestion, (detail) => answerHappenings(happenings, detail)],
    [
      connectionQuestions.list,
      (detail) => {
        const node = { nodeId, counts: countsOf(services), now: clock.monotonic() };
        return listConnections(registry, node, readConnectionFilter(detail)) as unknown as Json;
      },
    ],
    [connectionQuestions.end, (id) => typeof id === "string" && endConnection(registry, id)],
    [
      connectionQuestions.endUser,
      (user) => (typeof user === "string" ? endUser(registry, user) : 0),
    ],
    [onlineQuestion, (wanted) => onlineIn(rooms, wanted)],
    [occupancyQuestions.rooms, (wanted) => occupiedHere(rooms, wanted)],
    [
      occupancyQuestions.connections,
      (name) => (typeof name === "string" ? (dialectsOf(services).get(name) ?? 0) : 0),
    ],
    [occupancyQuestions.people, (room) => occupantsHere(rooms, room)],
    [stateQuestion, (user) => people.stateHere(user as UserId)],
  ];
}
