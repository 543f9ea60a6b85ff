/** Parts of the page that are loaded when they are first opened, so that the first load stays small. */
import { Dialog, useTexts } from "@parlance/react";
import { type ComponentType, type ReactNode, useCallback, useEffect, useState } from "react";
import type { DialogProps } from "./dialogs.tsx";

/** A dialog that is loaded when it is first opened; where that fails, it says so and tries again. */
export function laterDialog(
  load: () => Promise<ComponentType<DialogProps>>,
): ComponentType<DialogProps> {
  return later(load, function FailedDialog({ onClose, retry }) {
    const { t } = useTexts();
    return (
      <Dialog title={t("tryAgain")} onClose={onClose}>
        <Failed retry={retry} />
      </Dialog>
    );
  });
}

/** A panel that is loaded when it is first opened; where that fails, it says so and tries again. */
export function laterPanel<P extends object>(
  load: () => Promise<ComponentType<P>>,
): ComponentType<P> {
  return later(load, Failed);
}

interface Retry {
  retry(): void;
}

function later<P extends object>(
  load: () => Promise<ComponentType<P>>,
  Fallback: ComponentType<P & Retry>,
): ComponentType<P> {
  let loaded: ComponentType<P> | undefined;
  return function Later(props: P): ReactNode {
    const [state, setState] = useState<"loading" | "failed" | "ready">(
      loaded === undefined ? "loading" : "ready",
    );
    const begin = useCallback(() => {
      setState("loading");
      load().then(
        (component) => {
          loaded = component;
          setState("ready");
        },
        () => setState("failed"),
      );
    }, []);
    useEffect(() => {
      if (loaded === undefined) begin();
    }, [begin]);
    if (state === "failed") return <Fallback {...props} retry={begin} />;
    const Loaded = loaded;
    return Loaded === undefined ? null : <Loaded {...props} />;
  };
}

function Failed({ retry }: Retry): ReactNode {
  const { t } = useTexts();
  return (
    <div className="content" role="alert">
      <p className="people-note">
        {t("errorOffline")}{" "}
        <button type="button" className="link" onClick={retry}>
          {t("tryAgain")}
        </button>
      </p>
    </div>
  );
}
