// What people, their roles and conversations are called on the page, and the pictures that stand for them.

import { h } from "./dom.js";
import { icon } from "./icons.js";

const AVATAR_COLOURS = 8;
const SLACKBOT = "USLACKBOT";
const ROLES = {
  admin: "Admin",
  operator: "Operator",
  member: "Member",
  guest: "Guest",
  stranger: "External",
  bot: "App",
};

/** The words for a role. */
export function roleName(role) {
  return ROLES[role] ?? role;
}

/** A name as an element of its own direction, so that it cannot turn the text around it. */
export function nameOf(person) {
  return h("bdi", { class: "name" }, person.real_name);
}

/**
 * A person's picture: initials on a colour that follows from the id; a bot has its own sign.
 *
 * @param {Object} person
 * @param {string} [size] "small" or "large"; otherwise the size of one beside a message.
 */
export function avatar(person, size) {
  const classes = [
    "avatar",
    size ? `avatar-${size}` : "",
    person.is_bot ? "avatar-bot" : `avatar-${colour(person.id)}`,
  ];
  const content = person.is_bot ? icon(person.id === SLACKBOT ? "hash" : "bot") : initials(person.real_name);
  return h("span", { class: classes.filter(Boolean).join(" "), "aria-hidden": "true" }, content);
}

function colour(id) {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return (sum % AVATAR_COLOURS) + 1;
}

function initials(name) {
  const words = name
    .trim()
    .split(/\s+/u)
    .filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = words.slice(0, 2).map((word) => word.match(/[\p{L}\p{N}]/u)[0]);
  return letters.join("").toUpperCase() || "?";
}

/** Whoever wrote a message, even if nothing is known of them. */
export function authorOf(message, store) {
  if (message.subtype === "slackbot") return { id: SLACKBOT, real_name: "Slackbot", is_bot: true, role: "bot" };
  const known = store.people.get(message.user);
  return known ?? { id: message.user, real_name: message.user || "Somebody", is_bot: false, role: "member" };
}

/** The name of a conversation without its sign: a channel's name, or the other person's. */
export function conversationName(conversation, store) {
  if (conversation.kind !== "im") return conversation.name;
  return store.people.get(conversation.with)?.real_name ?? conversation.name;
}

/** The name of a conversation in running text: "#general", "Hub Bot". */
export function conversationLabel(conversation, store) {
  const name = conversationName(conversation, store);
  return conversation.kind === "im" ? name : `#${name}`;
}

/** The sign in front of a conversation's name. */
export function conversationIcon(conversation, store) {
  if (conversation.kind === "im") return avatar(store.people.get(conversation.with) ?? unknown(conversation), "small");
  return icon(conversation.kind === "private" ? "lock" : "hash");
}

function unknown(conversation) {
  return { id: conversation.id, real_name: conversation.name, is_bot: false };
}

/** The direct message with the app, or undefined while nobody has opened it. */
export function appConversation(store) {
  const bot = store.state?.app.bot_user;
  return [...store.conversations.values()].find((each) => each.kind === "im" && each.with === bot);
}

/** One thing or several: "1 reply", "3 replies". */
export function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}
