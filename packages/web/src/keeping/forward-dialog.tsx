/** Forwards a message into rooms and to people. */
import type { MessageView } from "@parlance/client";
import { codeOf, Dialog, newId, useChat, useFailureText } from "@parlance/react";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DialogProps } from "../shell/dialogs.tsx";
import { type Recipient, Recipients } from "./recipients.tsx";

/** `subject`: the message, as `<room>/<message id>`. */
export function ForwardDialog({ subject = "", onClose }: DialogProps): ReactNode {
  const { t } = useTranslation();
  const chat = useChat();
  const failureText = useFailureText();
  const [room = "", message = ""] = subject.split("/");
  const original = useOriginal(room, message);
  const [chosen, setChosen] = useState<readonly Recipient[]>([]);
  const [comment, setComment] = useState("");
  const [isSending, setSending] = useState(false);
  const [problem, setProblem] = useState<string>();

  /** One after the other; those that went through are not tried again. */
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (chosen.length === 0 || isSending) return;
    setSending(true);
    setProblem(undefined);
    let left = chosen;
    for (const one of chosen) {
      try {
        const to = one.room ?? (await chat.client.openDirect([one.user ?? ""])).room;
        await chat.forward({ room, message }, to, one.wish);
        // The outbox sends it, again and again if need be.
        if (comment.trim() !== "") chat.send(to, comment.trimEnd());
        left = left.filter((other) => other !== one);
        setChosen(left);
      } catch (error) {
        const reason = failureText(codeOf(error));
        setProblem(t("forwardFailed", { room: `\u2068${one.name}\u2069`, reason }));
      }
    }
    setSending(false);
    if (left.length > 0) return;
    void chat.listRooms();
    onClose();
  };
  return (
    <Dialog title={t("forwardTitle")} onClose={onClose}>
      <form className="content" onSubmit={(event) => void send(event)}>
        <blockquote className="forward-preview" dir="auto">
          {original?.text ?? ""}
        </blockquote>
        <Recipients
          chosen={chosen}
          onChoose={(one) => setChosen([...chosen, { ...one, wish: newId() }])}
          onRemove={(one) => setChosen(chosen.filter((other) => other !== one))}
        />
        <div className="field">
          <label htmlFor="forward-comment">{t("forwardComment")}</label>
          <textarea
            id="forward-comment"
            className="input"
            rows={2}
            dir="auto"
            value={comment}
            onChange={(event) => setComment(event.target.value)}
          />
        </div>
        {problem === undefined ? null : (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            {t("cancel")}
          </button>
          <button
            type="submit"
            className="button primary"
            disabled={chosen.length === 0 || isSending}
          >
            {t(isSending ? "forwarding" : "actForward")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** What the message says now; undefined until it is known. */
function useOriginal(room: string, message: string): MessageView | undefined {
  const chat = useChat();
  const [original, setOriginal] = useState<MessageView>();
  useEffect(() => {
    let isOver = false;
    chat.client
      .request<"get_message">({
        type: "get_message",
        room: room as MessageView["room"],
        message_id: message,
      })
      .then(
        (view) => isOver || setOriginal(view),
        () => undefined,
      );
    return () => {
      isOver = true;
    };
  }, [chat, room, message]);
  return original;
}
