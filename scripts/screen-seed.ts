/** People and what they said, for the pictures. */
import {
  type Client,
  createClient,
  type EventId,
  type PublishOptions,
  type Room,
} from "@parlance/client";

interface Guest {
  readonly client: Client;
  readonly id: string;
}

async function guest(url: string, name: string): Promise<Guest> {
  const client = createClient({ url: `${url.replace("http", "ws")}/ws`, guest: { name } });
  const user = await client.connect();
  return { client, id: user.id };
}

/** Writes into `general`, makes some rooms, and leaves one person there. @returns What ends it. */
export async function seed(url: string, picture: Buffer): Promise<() => void> {
  const ann = await guest(url, "Ann Okafor");
  const lei = await guest(url, "李雷");
  const layla = await guest(url, "ليلى حداد");
  const bob = await guest(url, "Bob Larsen");
  for (const [room, title] of [
    ["quiet", "Quiet corner"],
    ["release", "Release 2.4"],
    ["kitchen", "Kitchen table"],
    ["design", "Design"],
  ] as const) {
    await ann.client.createRoom({ kind: "public", title, room });
  }
  const rooms = new Map<Guest, Room>();
  for (const one of [ann, lei, layla, bob]) {
    const room = one.client.room("general");
    await room.subscribe();
    await room.join();
    rooms.set(one, room);
  }
  const say = async (who: Guest, text: string, options: PublishOptions = {}): Promise<string> =>
    (await rooms.get(who)?.publish(text, options).done)?.message_id ?? "";
  const react = async (who: Guest, message: string, emoji: string): Promise<void> => {
    await who.client.request<"react">({
      type: "react",
      room: "general" as Room["id"],
      message_id: message,
      emoji,
      on: true,
    });
  };

  await share(bob, picture);
  const question = await say(ann, "Did anyone get the wireless card working after the upgrade?");
  await say(bob, "Yes, but only with the new firmware package:");
  await say(
    bob,
    "```bash\nsudo apt install firmware-iwlwifi  # from backports\nsudo modprobe -r iwlwifi && sudo modprobe iwlwifi\n```",
  );
  const done = await say(ann, "That did it. **Thank you!**");
  await react(bob, done, "🎉");
  await react(lei, done, "🎉");
  await react(layla, done, "❤️");
  const thread = done as EventId;
  await say(lei, "Which version do you have now?", { thread });
  await say(ann, "`modinfo iwlwifi` says 2026.03.", { thread });
  await say(lei, "The same here.", { thread });
  await say(bob, "@room Does anybody still have the old firmware?", {
    replyTo: question as EventId,
  });
  await say(lei, "こちらでも動きました。手順を wiki に書いておきます。");
  await say(layla, "شكراً جزيلاً! هل يعمل أيضاً على البطاقة `AX210`؟");
  await say(
    lei,
    "| Card | Kernel | Works |\n|---|---|---|\n| AX200 | 6.1 | yes |\n| AX210 | 6.6 | yes |",
  );
  await say(bob, "Nice. Let me add that to <https://wiki.example.org/wireless> before we forget.");
  return () => {
    for (const { client } of [ann, lei, layla, bob]) client.close();
  };
}

async function share({ client }: Guest, content: Buffer): Promise<void> {
  const { upload_id, piece_bytes } = await client.request<"begin_upload">({
    type: "begin_upload",
    room: "general" as Room["id"],
    name: "signal-strength.png",
    bytes: content.length,
    media_type: "image/png",
  });
  for (let index = 0; index * piece_bytes < content.length; index += 1) {
    const piece = content.subarray(index * piece_bytes, (index + 1) * piece_bytes);
    await client.request<"upload_piece">({
      type: "upload_piece",
      upload_id,
      index,
      content: piece.toString("base64"),
    });
  }
  await client.request<"finish_upload">({
    type: "finish_upload",
    upload_id,
    client_message_id: "picture" as never,
  });
}
