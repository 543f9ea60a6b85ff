/**
 * A back end that answers Parlance's hooks, out of a database: `node back-end.js` (Node 22.18 or newer, nothing else). Settings come from
 * the environment: PORT (9000), DATABASE (applications.db, made with two applications of user 123), HOOK_SECRET (what the server signs with).
 */
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { verifyRequest } from "@parlance/publisher";

const { PORT = "9000", DATABASE = "applications.db", HOOK_SECRET = "" } = process.env;

const database = new DatabaseSync(DATABASE);
database.exec(`
  CREATE TABLE IF NOT EXISTS applications (id INTEGER PRIMARY KEY, user_id TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL);
  INSERT INTO applications (id, user_id, name, status)
  SELECT * FROM (VALUES (7, '123', 'Main hall', 'partial'), (8, '123', 'Gymnasium', 'partial'))
  WHERE NOT EXISTS (SELECT 1 FROM applications);
`);

/** Questions of clients, by their method. `user` is who asks, verified by the server: never take a user's id from `data`. */
const methods = {
  get_partial_applications({ user }) {
    const found = database.prepare(
      "SELECT id, name, status FROM applications WHERE user_id = ? AND status = 'partial' ORDER BY id",
    );
    return [200, { error: false, message: "", applications: found.all(user.id) }];
  },
};

/** What the server asks, by its type: a status and, where it has one, an answer. */
const answers = {
  rpc: (question) =>
    Object.hasOwn(methods, question.method)
      ? methods[question.method](question)
      : [404, { code: "unknown_method", text: "That cannot be asked here." }],
  /** Telephone numbers stay out of the chat. */
  publish: ({ text }) => [200, { text: text.replace(/\d[\d -]{5,}\d/g, "***") }],
  /** Rooms of an application are for whoever applied. */
  join({ user, room }) {
    const [, id] = /^application_(\d+)$/.exec(room) ?? [];
    if (id === undefined) return [204];
    const mine = database.prepare("SELECT 1 FROM applications WHERE id = ? AND user_id = ?");
    if (mine.get(Number(id), user.id) !== undefined) return [204];
    return [403, { code: "not_yours", text: "That application is somebody else's." }];
  },
};

function answerTo(signature, body) {
  if (!verifyRequest(HOOK_SECRET, signature, body)) return [401];
  const question = JSON.parse(body.toString());
  return answers[question.type]?.(question) ?? [404];
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const signature = request.headers["parlance-signature"];
    const [status, answer] = answerTo(signature, Buffer.concat(chunks));
    response.writeHead(status, { "content-type": "application/json" });
    response.end(answer === undefined ? "" : JSON.stringify(answer));
  });
});
server.listen(Number(PORT), "127.0.0.1", () => {
  console.log(`The back end listens on http://127.0.0.1:${server.address().port}`);
});
