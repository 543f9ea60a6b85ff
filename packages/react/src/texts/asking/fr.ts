/** French texts of polls, commands and what only one sees. */
import type { CompleteSet } from "../translate.ts";
import type { asking as english } from "./en.ts";

/** Complete by type. */
export const asking: CompleteSet<typeof english> = {
  poll: "Sondage",
  pollNew: "Nouveau sondage",
  pollVoters_one: "{{count}} personne a voté",
  pollVoters_many: "{{count}} personnes ont voté",
  pollVoters_other: "{{count}} personnes ont voté",
  pollVotes_one: "{{count}} voix",
  pollVotes_many: "{{count}} voix",
  pollVotes_other: "{{count}} voix",
  pollIsSeveral: "plusieurs choix",
  pollIsAnonymous: "anonyme",
  pollIsClosed: "terminé",
  pollEndsAt: "jusqu’à {{time}}",
  pollEnd: "Terminer le sondage",
  pollFailed: "Non compté. {{reason}}",
  pollOver: "Le vote est terminé.",
  roomSinceJoined: "Vous lisez {{room}} depuis votre arrivée.",
  onlyYou: "Vous seul voyez ceci",
  onlyYouDrop: "Masquer",
  slashMenu: "Commandes",
  slashUnknown:
    "La commande /{{name}} n’existe pas. Écrivez // au début pour l’envoyer comme texte.",
  slashFailed: "/{{name}} : {{reason}}",
  slashNobody: "Personne du nom de {{name}} n’a été trouvé.",
  slashNeeds: "/{{name}} demande une suite : {{usage}}",
  usageText: "<texte>",
  usageName: "<nom>",
  cmdHelp: "Montre toutes les commandes",
  cmdMe: "Dit ce que vous faites",
  cmdTopic: "Définit le sujet du salon ; sans texte, le retire",
  cmdInvite: "Fait entrer quelqu’un dans le salon",
  cmdLeave: "Quitte le salon",
  cmdMute: "Aucune notification de ce salon",
  cmdUnmute: "De nouveau des notifications de ce salon",
  cmdPoll: "Demande au salon dans un sondage",
  cmdAway: "Vous montre absent",
  cmdDnd: "Ne pas déranger",
  cmdActive: "Vous montre de nouveau présent",
};
