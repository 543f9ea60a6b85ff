import * as answers from "../answers.ts";
import * as schemas from "../schemas.ts";
import { type ApiParts, security } from "./parts.ts";

/** Finding messages. */
export function searchRoutes({ app, callers, node }: ApiParts): void {
  app.get(
    "/search",
    {
      onRequest: callers.authenticate,
      schema: {
        tags: ["Messages"],
        security,
        summary: "Find messages by what they say now, the newest first",
        description:
          'In all rooms that the caller may read. `q` has words, `"phrases"`, `begin*`, and `from:`, `in:`, `has:`, `before:`, `after:`, ' +
          "`on:`. `from` and `has` take several, separated by commas. A search that takes too long is `unavailable`.",
        querystring: schemas.searchQuery,
        response: { 200: answers.searchResult, default: answers.failure },
      },
    },
    (request) => {
      const { q = "", growing, ...more } = request.query;
      return node.execute<"search">(callers.of(request), {
        type: "search",
        id: 0,
        query: q,
        ...(growing === undefined ? {} : { growing: true }),
        ...more,
      });
    },
  );
}
