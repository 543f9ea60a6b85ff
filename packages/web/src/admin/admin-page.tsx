/** `/admin`: what all nodes do, live and read-only. Who may see it the server decides, at each request. */

import { clockTime, Field, perWindow, readStored, writeStored } from "@parlance/react";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { RequestError } from "../app/rest.ts";
import { loadSession } from "../app/session.ts";
import { navigate } from "../app/use-route.ts";
import "./admin.css";
import { HookTable, WebhookTable } from "./application-tables.tsx";
import { Chart } from "./chart.tsx";
import { formatNumber, type Unit } from "./format.ts";
import { askEverything, type Everything, seriesOf, sumNow, troublesOf } from "./overview.ts";
import { ConnectionTable, DoorTable, NodeTable, RoomTable } from "./tables.tsx";
import { type AdminText, text } from "./texts.ts";

/** Between two questions, counted from the answer. Milliseconds. */
const askMs = 3_000;
/** A pasted token is this window's only, and forgotten with it. */
const tokenKey = "parlance.admin-token";

type Gate = "no-token" | "not-admin" | "refused";

/** The whole page. */
export function AdminPage(): ReactNode {
  const [pasted, setPasted] = useState(() => readStored(perWindow, tokenKey));
  const token = pasted ?? loadSession()?.token;
  const [gate, setGate] = useState<Gate | undefined>();
  const { everything, isOffline } = useEverything(token, (code) =>
    setGate(pasted !== undefined || code === "unauthenticated" ? "refused" : "not-admin"),
  );
  useEffect(() => {
    const before = document.title;
    document.title = `${text("title")} · Parlance`;
    return () => {
      document.title = before;
    };
  }, []);
  const keep = (next: string | undefined): void => {
    writeStored(perWindow, tokenKey, next);
    setPasted(next);
    setGate(undefined);
  };

  const shut = token === undefined ? "no-token" : gate;
  return (
    <div className="admin" data-testid="admin">
      <header className="admin-bar">
        <h1>{text("title")}</h1>
        <AsOf everything={everything} isOffline={isOffline} />
        {pasted === undefined ? null : (
          <button type="button" className="link" onClick={() => keep(undefined)}>
            {text("leave")}
          </button>
        )}
        <a
          href="/"
          onClick={(event) => {
            event.preventDefault();
            navigate("/");
          }}
        >
          {text("back")}
        </a>
      </header>
      <main>
        {shut !== undefined ? (
          <GateForm gate={shut} onToken={keep} />
        ) : everything === undefined ? (
          <p className="hint late">{text("notYet")}</p>
        ) : (
          <Shown everything={everything} />
        )}
      </main>
    </div>
  );
}

function AsOf({
  everything,
  isOffline,
}: {
  everything: Everything | undefined;
  isOffline: boolean;
}): ReactNode {
  const { i18n } = useTranslation();
  if (isOffline) {
    return (
      <p className="bad" role="status">
        {text("offline")}
      </p>
    );
  }
  if (everything === undefined) return <p />;
  const time = clockTime(everything.overview.time, i18n.language);
  return <p className="hint">{text("asOf", { time })}</p>;
}

function GateForm({ gate, onToken }: { gate: Gate; onToken: (token: string) => void }): ReactNode {
  const [typed, setTyped] = useState("");
  const problem =
    gate === "refused"
      ? text("gateRefused")
      : gate === "not-admin"
        ? text("gateNotAdmin")
        : undefined;
  return (
    <form
      className="gate"
      onSubmit={(event) => {
        event.preventDefault();
        if (typed.trim() !== "") onToken(typed.trim());
      }}
    >
      <h2>{text("gateTitle")}</h2>
      <p>{text("gateHow")}</p>
      <Field
        label={text("token")}
        type="password"
        autoComplete="off"
        value={typed}
        problem={problem}
        onChange={(event) => setTyped(event.target.value)}
      />
      <div className="gate-actions">
        <button type="submit" className="button primary">
          {text("enter")}
        </button>
        <a href="/">{text("signIn")}</a>
      </div>
    </form>
  );
}

/** Asks every few seconds, while the page is looked at. `onRefused` is told the code. */
function useEverything(
  token: string | undefined,
  onRefused: (code: string) => void,
): { readonly everything: Everything | undefined; readonly isOffline: boolean } {
  const [everything, setEverything] = useState<Everything>();
  const [isOffline, setOffline] = useState(false);
  useEffect(() => {
    if (token === undefined) return;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      if (document.visibilityState === "visible") {
        try {
          const answer = await askEverything(token);
          if (isOver) return;
          setEverything(answer);
          setOffline(false);
        } catch (error) {
          if (isOver) return;
          const code = error instanceof RequestError ? error.code : "unavailable";
          if (["not_found", "unauthenticated", "token_expired", "banned"].includes(code)) {
            setEverything(undefined);
            onRefused(code);
            return;
          }
          setOffline(true);
        }
      }
      timer = setTimeout(() => void ask(), askMs);
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
      setEverything(undefined);
    };
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- whose answers they are is decided by the token alone
  }, [token]);
  return { everything, isOffline };
}

const charts: readonly (readonly [AdminText, string, Unit])[] = [
  ["chartConnections", "connections", "count"],
  ["chartCommands", "commands_per_s", "per second"],
  ["chartCommitted", "committed_per_s", "per second"],
  ["chartDeliveries", "deliveries_per_s", "per second"],
  ["chartAcknowledgement", "acknowledgement_ms", "ms"],
  ["chartDatabase", "database_ms", "ms"],
  ["chartLoop", "event_loop_ms", "ms"],
  ["chartSent", "sent_bytes_per_s", "bytes per second"],
  ["chartMemory", "memory_bytes", "bytes"],
  ["chartErrors", "errors_per_s", "per second"],
];

const figures: readonly (readonly [AdminText, string])[] = [
  ["connections", "connections"],
  ["rooms", "rooms"],
  ["subscriptions", "subscriptions"],
  ["present", "present"],
  ["lagging", "lagging"],
  ["spool", "spool_files"],
];

function Shown({ everything }: { everything: Everything }): ReactNode {
  const { i18n } = useTranslation();
  const { overview, rooms, connections, connectionCount } = everything;
  const { nodes } = overview;
  const end = Date.parse(overview.time);
  return (
    <>
      <Troubles everything={everything} />
      <section className="figures" aria-label={text("now")}>
        {figures.map(([name, key]) => (
          <div key={name} className="figure" data-testid={`figure-${key}`}>
            <strong>{formatNumber(sumNow(nodes, key), "count", i18n.language)}</strong>
            <span>{text(name)}</span>
          </div>
        ))}
      </section>
      <section className="panel" aria-label={text("lastHour")}>
        <header className="panel-head">
          <h2>{text("lastHour")}</h2>
        </header>
        <div className="charts">
          {charts.map(([title, key, unit]) => (
            <Chart
              key={key}
              title={text(title)}
              unit={unit}
              series={seriesOf(nodes, key)}
              end={end}
            />
          ))}
        </div>
      </section>
      <NodeTable nodes={nodes} now={end} />
      <DoorTable nodes={nodes} />
      <HookTable nodes={nodes} />
      <WebhookTable nodes={nodes} />
      <RoomTable rooms={rooms} />
      <ConnectionTable connections={connections} nodes={nodes} all={connectionCount} />
    </>
  );
}

const advices: readonly (readonly [string, AdminText, AdminText])[] = [
  ["database", "troubleDatabase", "adviceDatabase"],
  ["broker", "troubleBroker", "adviceBroker"],
  ["silent", "troubleSilent", "adviceSilent"],
  ["draining", "troubleDraining", "adviceDraining"],
  ["late", "troubleLate", "adviceLate"],
  ["door", "troubleDoor", "adviceDoor"],
  ["hook", "troubleHook", "adviceHook"],
  ["behind", "troubleBehind", "adviceBehind"],
  ["dead", "troubleDead", "adviceDead"],
  ["paused", "troublePaused", "advicePaused"],
  ["internal", "troubleInternal", "adviceInternal"],
];

function Troubles({ everything }: { everything: Everything }): ReactNode {
  const troubles = troublesOf(everything.overview);
  if (troubles.length === 0) {
    return (
      <p className="well" role="status">
        {text("allWell")}
      </p>
    );
  }
  return (
    <section className="troubles" role="status" aria-label={text("troubles")}>
      <h2>{text("troubles")}</h2>
      <dl>
        {advices.map(([kind, title, advice]) => {
          const here = troubles.filter((trouble) => trouble.kind === kind);
          if (here.length === 0) return null;
          return (
            <div key={kind} id={`advice-${kind}`}>
              <dt>
                {text(title)}: <bdi>{here.map(({ where }) => where).join(", ")}</bdi>
              </dt>
              <dd>{text(advice)}</dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}
