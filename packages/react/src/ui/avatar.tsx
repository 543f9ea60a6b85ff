/** A person's mark: their picture, or initials on a colour that stays with them. */
import { type CSSProperties, type ReactNode, useState } from "react";
import { usePerson, usePictureUrl } from "../people/person-context.ts";
import { hueOf, initialsOf } from "./person.ts";

/**
 * Decoration beside a name that is written out, so it is hidden from screen readers.
 *
 * @param withState Also a dot that shows whether they are here; to be said in words beside it.
 */
export function Avatar({
  id,
  name,
  small = false,
  large = false,
  withState = false,
}: {
  id: string;
  name: string;
  small?: boolean;
  large?: boolean;
  withState?: boolean;
}): ReactNode {
  const person = usePerson(id);
  const url = usePictureUrl(person?.picture);
  const [broken, setBroken] = useState<string>();
  const colour = { "--hue": hueOf(id) } as CSSProperties;
  return (
    <span
      className={`avatar${small ? " small" : ""}${large ? " large" : ""}`}
      style={colour}
      aria-hidden="true"
    >
      {url === undefined || url === broken ? (
        initialsOf(person?.name ?? name)
      ) : (
        <img
          src={url}
          alt=""
          crossOrigin="anonymous"
          draggable={false}
          onError={() => setBroken(url)}
        />
      )}
      {withState ? <span className="presence-dot" data-state={person?.state ?? "offline"} /> : null}
    </span>
  );
}
