// The pieces that mrkdwn, rich text and Markdown have in common: links, mentions, emoji, dates, code.

import { dateNode, formatDate, isMoment } from "./dates.js";
import { h, replace } from "../dom.js";
import { emoji, emojiOfCodePoints } from "./emoji.js";
import { icon } from "../icons.js";
import { asList, asRecord, asText, linkAddress } from "../safe.js";
import { scrollsSideways } from "./sideways.js";

const BROADCASTS = new Set(["here", "channel", "everyone"]);
const STYLES = [
  ["underline", "u"],
  ["strike", "s"],
  ["italic", "em"],
  ["bold", "strong"],
];
const COPIED_FOR_MS = 1600;
const LONGEST_WHOLE = 20;
const ISOLATES = /[\u2066-\u2069]/g;
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** @returns {string} How a person is called: `Ana Admin`; the id, or what the mention says, when unknown. */
export function personName(id, context, label = "") {
  const person = context.people?.get(id);
  return asText(person?.real_name) || asText(person?.name) || label.replace(/^@/, "") || asText(id);
}

/** @returns {string} How a conversation is called: `#general`, or the other person of a direct message. */
export function conversationName(id, context, label = "") {
  const conversation = context.conversations?.get(id);
  if (conversation?.kind === "im") return personName(conversation.with, context);
  return `#${asText(conversation?.name) || label.replace(/^#/, "") || asText(id)}`;
}

function usergroupName(id, context, label = "") {
  return `@${asText(context.usergroups?.get(id)?.handle) || label.replace(/^@/, "") || asText(id)}`;
}

/** @returns {string} What a mention says: `@Ana Admin`, `#general`, `@here`. */
export function mentionText({ kind, id, label = "" }, context) {
  if (kind === "user") return `@${personName(id, context, label)}`;
  if (kind === "channel") return conversationName(id, context, label);
  if (kind === "usergroup") return usergroupName(id, context, label);
  return `@${id}`;
}

/**
 * @param {{kind: "user"|"channel"|"usergroup"|"broadcast", id: string, label?: string}} mention Who or what.
 * @param {Object} context `onOpen({kind, id})`, when given, makes people and channels something to press.
 * @returns {HTMLElement}
 */
export function mentionNode(mention, context) {
  const said = isolated(mentionText(mention, context));
  const mine = isOfReader(mention, context) && " bk-mention-mine";
  const properties = { class: `bk-mention${mine || ""}`, dataset: { kind: mention.kind, id: mention.id } };
  const isKnown = { user: context.people, channel: context.conversations }[mention.kind]?.has(mention.id);
  if (!isKnown || !context.onOpen || mention.id === context.me) return h("span", properties, said);
  const open = () => context.onOpen({ kind: mention.kind, id: mention.id });
  return h("button", { ...properties, type: "button", onclick: open }, said);
}

/** @returns {boolean} Whether a word is one of those that call everybody: here, channel, everyone. */
export function isBroadcast(word) {
  return BROADCASTS.has(word);
}

/**
 * @param {string} url Where to; what is no address of the web or a mailbox gives the label alone.
 * @param {Node|string} label What to see.
 * @returns {Node}
 */
export function linkNode(url, label) {
  const address = linkAddress(url);
  if (!address) return isolated(label);
  // The label may claim to be another address; the tip shows the real one.
  const properties = {
    class: "bk-link",
    href: address,
    target: "_blank",
    rel: "noopener noreferrer",
    title: address,
  };
  return h("a", properties, isolated(label));
}

/** @returns {string} The emoji, or `:name:` when we have none of that name. */
export function emojiText(name, codePoints = "") {
  return emoji(name) ?? emojiOfCodePoints(codePoints) ?? `:${name}:`;
}

/** @returns {Node} As `emojiText`, with a name for those who cannot see it. */
export function emojiNode(name, codePoints = "") {
  const character = emojiText(name, codePoints);
  if (character === `:${name}:`) return document.createTextNode(character);
  const label = name.replace(/::skin-tone-\d$/, "").replaceAll("_", " ");
  return h("span", { class: "bk-emoji", role: "img", "aria-label": label, title: `:${name}:` }, character);
}

/** @returns {string} A date as words; the fallback when it has no place in a calendar. */
export function momentText({ unix, format, fallback }, context) {
  return isMoment(unix) ? formatDate(unix, format, context) : fallback;
}

/** @returns {Node} As `momentText`, kept true by `refreshDates`; a link when it has an address. */
export function momentNode(moment, context) {
  const node = isMoment(moment.unix)
    ? dateNode(moment.unix, moment.format, context)
    : document.createTextNode(moment.fallback);
  return moment.url ? linkNode(moment.url, node) : node;
}

/** @returns {HTMLElement} A piece of code within a line; a short one, such as `--wide`, is never broken. */
export function codeNode(...children) {
  const code = h("code", { class: "bk-code", translate: "no" }, isolated(...children));
  code.classList.toggle("bk-whole", code.textContent.length <= LONGEST_WHOLE);
  return code;
}

/** @returns {HTMLElement} Lines that are shown letter by letter, with a button that copies them. */
export function preNode(...children) {
  const pre = scrollsSideways(h("pre", { class: "bk-pre-text", translate: "no" }, children));
  return h(
    "div",
    { class: "bk-pre" },
    pre,
    copyButton(() => pre.textContent),
  );
}

/** @returns {Node} The node in bold, italic, strike, underline, code, as the style says. */
export function styled(node, style) {
  const wanted = asRecord(style);
  const inner = wanted.code === true ? codeNode(node) : node;
  return STYLES.reduce((within, [name, tag]) => (wanted[name] === true ? h(tag, null, within) : within), inner);
}

/** @returns {Node} Words; those that turn the direction of writing turn only themselves. */
export function wordsNode(text) {
  return TURNS.test(text) ? isolated(text) : document.createTextNode(text);
}

/** @returns {HTMLElement} What has a direction of its own and cannot turn the words around it. */
export function isolated(...children) {
  // One of these marks without its other half would end the isolation, or take its end for its own.
  const calm = (child) => (typeof child === "string" ? child.replace(ISOLATES, "") : child);
  return h("bdi", null, children.flat().map(calm));
}

function isOfReader({ kind, id }, context) {
  if (kind === "broadcast") return true;
  if (kind === "user") return id === context.me;
  return kind === "usergroup" && asList(context.usergroups?.get(id)?.users).includes(context.me);
}

function copyButton(read) {
  const button = h(
    "button",
    { class: "bk-copy", type: "button", "aria-label": "Copy", title: "Copy" },
    icon("copy"),
  );
  button.addEventListener("click", async () => {
    const isCopied = await copy(read());
    button.setAttribute("aria-label", isCopied ? "Copied" : "Copying is not allowed here");
    replace(button, icon(isCopied ? "check" : "close"));
    setTimeout(() => {
      button.setAttribute("aria-label", "Copy");
      replace(button, icon("copy"));
    }, COPIED_FOR_MS);
  });
  return button;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
