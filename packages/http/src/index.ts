/** The REST API: routes onto core commands, and the document that describes them. */
export { createHttp } from "./create-http.ts";
export type {
  ExtensionRoute,
  HttpOptions,
  HttpReply,
  HttpRequest,
  HttpServer,
  MoveControl,
  MoveRequest,
  MoveView,
  Readiness,
} from "./options.ts";
export { rateHeaders } from "./rate-headers.ts";
export { overviewQuestions } from "./routes/overview.ts";
