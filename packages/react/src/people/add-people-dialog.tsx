/** Brings people into a room. */
import { ClientError, type WireUser } from "@parlance/client";
import { type FormEvent, type ReactNode, useCallback, useEffect, useState } from "react";
import { useChat } from "../chat/context.ts";
import { codeOf, useFailureText } from "../chat/failure-text.ts";
import type { RoomState } from "../state/model.ts";
import { useTexts } from "../texts/texts.tsx";
import { Avatar } from "../ui/avatar.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";

/** People shown at once; further letters narrow the rest. */
const shownPeople = 50;

type Listing =
  | { readonly kind: "loading" }
  | { readonly kind: "failed"; readonly code: string }
  | { readonly kind: "ready"; readonly people: readonly WireUser[] };

/** A field that filters, and a button for each person. Enter in the field adds the first one. */
export function AddPeopleDialog({
  room,
  onClose,
}: {
  room: RoomState;
  onClose: () => void;
}): ReactNode {
  const { t } = useTexts();
  const chat = useChat();
  const failureText = useFailureText();
  const [listing, setListing] = useState<Listing>({ kind: "loading" });
  const [query, setQuery] = useState("");
  const [adding, setAdding] = useState<string>();
  const [added, setAdded] = useState<ReadonlySet<string>>(new Set());
  const [problem, setProblem] = useState<string>();

  const list = useCallback(async (): Promise<void> => {
    setListing({ kind: "loading" });
    try {
      setListing({ kind: "ready", people: await chat.acquaintances(room.id) });
    } catch (error) {
      setListing({ kind: "failed", code: codeOf(error) });
    }
  }, [chat, room.id]);
  useEffect(() => void list(), [list]);

  const add = async (user: WireUser): Promise<void> => {
    if (adding !== undefined) return;
    setAdding(user.id);
    setProblem(undefined);
    try {
      await chat.addMember(room.id, user.id);
      setAdded((before) => new Set(before).add(user.id));
    } catch (error) {
      // Here it is the person that is not there any more, not the room.
      const isGone = error instanceof ClientError && error.code === "not_found";
      setProblem(isGone ? t("addGone") : failureText(codeOf(error)));
    }
    setAdding(undefined);
  };
  const people = listing.kind === "ready" ? listing.people : [];
  const wanted = query.trim().toLocaleLowerCase();
  const found = people.filter((user) => user.name.toLocaleLowerCase().includes(wanted));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const first = found.find((user) => !added.has(user.id));
    if (first !== undefined) void add(first);
  };
  return (
    <Dialog title={t("addPeople")} onClose={onClose}>
      <form className="content" onSubmit={submit}>
        <Field
          label={t("addFilter")}
          problem={problem}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          data-autofocus
          autoComplete="off"
          dir="auto"
        />
        <div className="add-people" aria-live="polite" aria-busy={listing.kind === "loading"}>
          {listing.kind === "loading" ? <div className="skeleton late" /> : null}
          {listing.kind === "failed" ? (
            <p className="quiet">
              {failureText(listing.code)}{" "}
              <button type="button" className="link" onClick={() => void list()}>
                {t("tryAgain")}
              </button>
            </p>
          ) : null}
          {listing.kind === "ready" && found.length === 0 ? (
            <p className="quiet">{t(people.length === 0 ? "addEmpty" : "addNotFound")}</p>
          ) : null}
          <ul>
            {found.slice(0, shownPeople).map((user) => (
              <li key={user.id} className="person">
                <Avatar id={user.id} name={user.name} small />
                <bdi id={`add-${user.id}`}>{user.name}</bdi>
                {user.kind === "guest" ? <span className="quiet">{t("guest")}</span> : null}
                {added.has(user.id) ? (
                  <span className="person-act quiet">{t("added")}</span>
                ) : (
                  <button
                    type="button"
                    className="person-act link"
                    aria-label={t("addOne", { name: user.name })}
                    disabled={adding !== undefined}
                    onClick={() => void add(user)}
                  >
                    {t(adding === user.id ? "adding" : "add")}
                  </button>
                )}
              </li>
            ))}
          </ul>
        </div>
      </form>
    </Dialog>
  );
}
