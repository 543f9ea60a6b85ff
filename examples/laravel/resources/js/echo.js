import Echo from "laravel-echo";
import Pusher from "pusher-js";

window.Pusher = Pusher;

const { VITE_PUSHER_APP_KEY, VITE_PUSHER_HOST, VITE_PUSHER_PORT, VITE_PUSHER_SCHEME } = import.meta
  .env;

window.Echo = new Echo({
  // "reverb" does as well: it is the same protocol, without a cluster.
  broadcaster: "pusher",
  cluster: "here",
  key: VITE_PUSHER_APP_KEY,
  wsHost: VITE_PUSHER_HOST,
  wsPort: VITE_PUSHER_PORT,
  wssPort: VITE_PUSHER_PORT,
  forceTLS: VITE_PUSHER_SCHEME === "https",
  enabledTransports: ["ws", "wss"],
});
