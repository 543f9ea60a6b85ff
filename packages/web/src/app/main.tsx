/** The entry of the page. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startTranslation } from "../i18n/index.ts";
import "@parlance/react/styles.css";
import "./welcome.css";
import "../shell/layout.css";
import "../chat/rooms/rooms.css";
import "../chat/conversation/first-minute.css";
import "../chat/job/job.css";
import "../inbox/inbox.css";
import "../keeping/keeping.css";
import "../search/search.css";
import "../rooms/dialogs.css";
import "../people/people.css";
import { App } from "./app.tsx";
import { createPreferences } from "./preferences.ts";

const preferences = createPreferences(document.documentElement);
await startTranslation(preferences.get().language);

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no #root");
createRoot(root).render(
  <StrictMode>
    <App preferences={preferences} />
  </StrictMode>,
);
