/** A job: its bar, its result or why it failed, and below it all that was said. */
import { type JobState, stateOfJob } from "@parlance/jobs";
import type { RoomState } from "@parlance/react";
import { History, Icon, Progress, percent, useChat, useReading } from "@parlance/react";
import { type ReactNode, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { TextKey } from "../../i18n/index.ts";

/** @param room A room of kind `job` that is ready. */
export function JobView({ room }: { room: RoomState }): ReactNode {
  const { t } = useTranslation();
  const job = useJob(room);
  const [isLogOpen, setLogOpen] = useState(false);
  const messages = room.events.filter((event) => event.type === "message.created").length;
  return (
    <>
      <section className="job" data-testid="job" data-state={job.status}>
        <Bar job={job} />
        <JobMessage job={job} />
      </section>
      <div className="job-log">
        <button
          type="button"
          className="link job-log-switch"
          aria-expanded={isLogOpen}
          onClick={() => setLogOpen(!isLogOpen)}
        >
          <Icon name="fold" small />
          {t(isLogOpen ? "jobHideLog" : "jobShowLog", { count: messages })}
        </button>
      </div>
      {isLogOpen ? <History key={room.epoch} ref={null} room={room} /> : <Watched room={room} />}
    </>
  );
}

/** The state by what is loaded; older pages are fetched until one tells it. */
function useJob(room: RoomState): JobState {
  const chat = useChat();
  const job = useMemo(() => stateOfJob(room.events), [room.events]);
  const first = room.events[0]?.sequence ?? 0;
  const isMissing = job.status === "waiting" && first > room.floor + 1 && room.older === "idle";
  useEffect(() => {
    if (isMissing) void chat.loadOlder(room.id);
  }, [chat, isMissing, room.id]);
  return job;
}

function Bar({ job }: { job: JobState }): ReactNode {
  const { t, i18n } = useTranslation();
  const progress = job.status === "waiting" ? 0 : job.progress;
  const tone = job.status === "completed" ? "done" : job.status === "failed" ? "failed" : "normal";
  return (
    <Progress
      label={t(labels[job.status])}
      value={progress}
      valueText={
        progress === undefined || job.status === "waiting" ? "" : percent(progress, i18n.language)
      }
      tone={tone}
    />
  );
}

const labels: Readonly<Record<JobState["status"], TextKey>> = {
  waiting: "jobWaiting",
  processing: "jobProcessing",
  completed: "jobCompleted",
  failed: "jobFailed",
};

function JobMessage({ job }: { job: JobState }): ReactNode {
  const { t } = useTranslation();
  switch (job.status) {
    case "waiting":
      return <p className="job-text">{t("jobWaitingHint")}</p>;
    case "processing":
      return (
        <p className="job-text" role="status" dir="auto">
          {job.text}
        </p>
      );
    case "failed":
      return (
        <p className="problem job-error" role="status" dir="auto">
          <Icon name="warning" />
          {job.error ?? t("jobNoReason")}
        </p>
      );
    case "completed":
      return <Result job={job} />;
    default:
      return job satisfies never;
  }
}

function Result({ job }: { job: Extract<JobState, { status: "completed" }> }): ReactNode {
  const { t } = useTranslation();
  if (job.result === undefined) return null;
  return (
    <div className="job-result" role="status">
      <h2>{t("jobResult")}</h2>
      {job.text === undefined ? (
        <pre dir="ltr">{JSON.stringify(job.result, undefined, 2)}</pre>
      ) : (
        <p dir="auto">{job.text}</p>
      )}
    </div>
  );
}

/** Who sees the bar has read what moved it. */
function Watched({ room }: { room: RoomState }): ReactNode {
  useReading(room.id, true);
  return <div className="job-rest" />;
}
