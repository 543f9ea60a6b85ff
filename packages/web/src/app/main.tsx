/** The entry of the page. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startTranslation } from "../i18n/index.ts";
import "@parlance/pages/tokens.css";
import "../ui/base.css";
import "../ui/controls.css";
import "./welcome.css";
import "../chat/layout.css";
import "../chat/rooms/rooms.css";
import "../chat/conversation/conversation.css";
import "../chat/composer/composer.css";
import "../chat/people/people.css";
import "../chat/job/job.css";
import "../inbox/inbox.css";
import { App } from "./app.tsx";
import { createPreferences } from "./preferences.ts";

const preferences = createPreferences(document.documentElement);
startTranslation(preferences.get().language);

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no #root");
createRoot(root).render(
  <StrictMode>
    <App preferences={preferences} />
  </StrictMode>,
);
