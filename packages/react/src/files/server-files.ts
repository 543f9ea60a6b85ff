/** Files and pictures of a server, for a page that has its reader's token. */
import type { ChatOptions } from "../chat/chat.ts";

/**
 * What a chat needs to show them.
 *
 * @param server Its address, `https://chat.example`; empty: where the page is from.
 * @param token The reader's, asked for with each file.
 */
export function serverFiles(
  server: string,
  token: () => string,
): Required<Pick<ChatOptions, "loadFile" | "pictureUrl">> {
  const base = `${server}/api/v1`;
  return {
    loadFile: async (id) => {
      const answer = await fetch(`${base}/files/${encodeURIComponent(id)}`, {
        headers: { authorization: `Bearer ${token()}` },
      });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      return answer.blob();
    },
    pictureUrl: (id) => `${base}/pictures/${encodeURIComponent(id)}`,
  };
}
