/** What stands for a room: its picture or sign, a person with their presence, or a drawing of its kind. */
import type { WireUser } from "@parlance/client";
import { Avatar, Icon, type RoomState, useChat, usePerson } from "@parlance/react";
import { type CSSProperties, type ReactNode, useEffect, useState } from "react";
import { roomIcon } from "./room-icon.ts";

/** What is needed of a room to draw it. */
export type MarkedRoom = Pick<RoomState, "kind" | "settings" | "with" | "online">;

/** Decoration beside a name that is written out. */
export function RoomMark({ room }: { room: MarkedRoom }): ReactNode {
  const { avatar } = room.settings;
  if (avatar !== undefined && "file" in avatar) return <Picture room={room} file={avatar.file} />;
  if (avatar !== undefined) {
    const { emoji, colour } = avatar;
    const style = colour === undefined ? undefined : ({ "--mark": colour } as CSSProperties);
    return (
      <span
        className={emoji === undefined ? "room-mark" : "room-mark sign"}
        style={style}
        aria-hidden="true"
      >
        {emoji ?? null}
      </span>
    );
  }
  const [person, ...others] = room.with ?? [];
  if (room.kind !== "direct" || person === undefined) return <Icon name={roomIcon(room)} />;
  const isHere = isAnyHere(room);
  if (others.length === 0) return <DirectMark person={person} isHere={isHere} />;
  return (
    <span className="direct-mark" data-here={isHere} aria-hidden="true">
      <Icon name="people" />
    </span>
  );
}

function DirectMark({ person, isHere }: { person: WireUser; isHere: boolean }): ReactNode {
  const state = usePerson(person.id)?.state;
  return (
    <span className="direct-mark" data-here={isHere} data-state={state} aria-hidden="true">
      <Avatar id={person.id} name={person.name} small />
    </span>
  );
}

/** Whether one of the others in a direct room is there now. */
export function isAnyHere({ with: others = [], online = [] }: MarkedRoom): boolean {
  const here = new Set<string>(online.map(({ id }) => id));
  return others.some(({ id }) => here.has(id));
}

/** Loaded with the reader's token, so that only who may read the room sees it. */
function Picture({ room, file }: { room: MarkedRoom; file: string }): ReactNode {
  const { loadFile } = useChat();
  const [source, setSource] = useState<string>();
  useEffect(() => {
    let made: string | undefined;
    let isOver = false;
    loadFile?.(file).then(
      (bytes) => {
        if (isOver) return;
        made = URL.createObjectURL(bytes);
        setSource(made);
      },
      () => undefined,
    );
    return () => {
      isOver = true;
      if (made !== undefined) URL.revokeObjectURL(made);
      setSource(undefined);
    };
  }, [loadFile, file]);
  return source === undefined ? (
    <Icon name={roomIcon(room)} />
  ) : (
    <img className="room-mark" src={source} alt="" />
  );
}
