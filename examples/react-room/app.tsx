import { createClient } from "@parlance/client";
import { ParlanceProvider, Room } from "@parlance/react";
import "@parlance/react/styles.css";
import { createRoot } from "react-dom/client";

const client = createClient({ url: "ws://localhost:8080/ws", guest: { name: "Visitor" } });

createRoot(document.getElementById("support") ?? document.body).render(
  <ParlanceProvider client={client}>
    <Room id="general" join />
  </ParlanceProvider>,
);
