import { createClient } from "@parlance/client";
import { ParlanceProvider, Room, serverFiles } from "@parlance/react";
import "@parlance/react/styles.css";
import { createRoot } from "react-dom/client";

let token = "";
const client = createClient({
  url: "ws://localhost:8080/ws",
  guest: { name: "Visitor" },
  onToken: (given) => {
    token = given;
  },
});

createRoot(document.getElementById("support") ?? document.body).render(
  <ParlanceProvider client={client} options={serverFiles("http://localhost:8080", () => token)}>
    <Room id="general" join />
  </ParlanceProvider>,
);
