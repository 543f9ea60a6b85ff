import {
  fields,
  type ProfileChanges,
  ProtocolError,
  profileChanges,
  type RoomId,
} from "@parlance/protocol";
import { z } from "zod";
import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

const tags = ["People"];

/*
 * Security: these bytes were sent by somebody. They are known to begin as a picture does, are never taken for another type, and run nothing.
 */
const pictureHeaders: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "sandbox; default-src 'none'",
  "cross-origin-resource-policy": "same-origin",
  // Another picture has another id.
  "cache-control": "private, max-age=31536000, immutable",
};

const changesBody: z.ZodType<ProfileChanges> = profileChanges.meta({ id: "ProfileChanges" });
const pictureBody: z.ZodType<{ data: string }> = z
  .object({ data: fields.pictureData })
  .meta({ id: "Picture" });
const pictureParams: z.ZodType<{ picture: string }> = z.object({ picture: fields.pictureId });
const personQuery: z.ZodType<{ room?: RoomId }> = z.object({
  room: fields.roomId.exactOptional(),
});

/** Who people are, what they say of themselves, and their pictures. */
export function profileRoutes({ app, callers, node, pictures }: ApiParts): void {
  const authenticated = { onRequest: callers.authenticate };

  app.get(
    "/me/profile",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Read one's own profile",
        response: { 200: answers.profileShown, default: answers.failure },
      },
    },
    (request) => node.execute<"get_profile">(callers.of(request), { type: "get_profile", id: 0 }),
  );

  app.patch(
    "/me/profile",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Set what is said of the caller: name, profile, availability, status",
        body: changesBody,
        response: { 200: answers.profileSet, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"set_profile">(callers.of(request), {
        type: "set_profile",
        id: 0,
        changes: request.body,
      }),
  );

  app.put(
    "/me/picture",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Set the caller's picture",
        description: "PNG, JPEG or WebP, as base64: at most 32 KiB and 512 by 512 pixels.",
        body: pictureBody,
        response: { 200: answers.profileSet, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"set_picture">(callers.of(request), {
        type: "set_picture",
        id: 0,
        data: request.body.data,
      }),
  );

  app.delete(
    "/me/picture",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Take the caller's picture away",
        response: { 200: answers.profileSet, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"set_picture">(callers.of(request), { type: "set_picture", id: 0, data: null }),
  );

  app.get(
    "/users/:user/profile",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "Read what one may know of somebody in a room with oneself",
        params: schemas.personParams,
        querystring: personQuery,
        response: { 200: answers.profileShown, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"get_profile">(callers.of(request), {
        type: "get_profile",
        id: 0,
        ...request.params,
        ...request.query,
      }),
  );

  app.get(
    "/rooms/:room/people",
    {
      ...authenticated,
      schema: {
        tags,
        security,
        summary: "List a room's members with their profiles",
        params: schemas.roomParams,
        response: { 200: answers.peopleList, default: answers.failure },
      },
    },
    (request) =>
      node.execute<"list_people">(callers.of(request), {
        type: "list_people",
        id: 0,
        room: request.params.room,
      }),
  );

  app.get(
    "/pictures/:picture",
    {
      schema: {
        tags,
        summary: "Load somebody's picture",
        description: "To whoever knows its id, which is as hard to guess as a key.",
        params: pictureParams,
        response: { default: answers.failure },
      },
    },
    async (request, reply) => {
      const picture = await pictures.picture(request.params.picture);
      if (picture === undefined) throw new ProtocolError("not_found");
      return reply
        .headers({ ...pictureHeaders, "content-type": picture.mediaType })
        .send(Buffer.from(picture.data, "base64"));
    },
  );
}
