// One message: who wrote it and when, what it says, its files, and the way into its thread.

import { renderBlocks } from "./kit/blocks.js";
import { h } from "./dom.js";
import { renderFile } from "./files.js";
import { icon } from "./icons.js";
import { decode, renderMrkdwn, typedText } from "./kit/mrkdwn.js";
import { authorOf, avatar, counted, nameOf } from "./names.js";
import { redraw } from "./redraw.js";
import { fullTimeOf, momentLabel, timeOf } from "./times.js";

const MOST_FACES = 4;
const ACCENTS = { good: "is-good", warning: "is-warning", danger: "is-danger" };

/** Everything a message's drawing depends on, apart from what `patchMessage` changes in place. */
export function contentOf(message) {
  const { user, text, blocks, attachments, files, subtype, is_edited, is_ephemeral, is_broadcast } = message;
  return JSON.stringify([user, text, blocks, attachments, files, subtype, is_edited, is_ephemeral, is_broadcast]);
}

/**
 * Draw a message.
 *
 * @param {Object} message
 * @param {Object} desk `store`, `contexts`, and what can be done: `openThread(message)`.
 * @param {boolean} isInThread Whether it is drawn in the thread's own pane.
 * @returns {HTMLElement}
 */
export function renderMessage(message, desk, isInThread) {
  const context = desk.contexts.ofMessage(message);
  const author = authorOf(message, desk.store);
  const time = timeOf(message.ts, context);
  const dataset = { ts: message.ts, key: message.ts };
  const element = h("article", { class: classesOf(message), tabindex: "-1", dataset });
  element.setAttribute("aria-label", spoken(message, author, time));
  const stamp = (words = time) => h("time", { class: "message-time", title: fullTimeOf(message.ts, context) }, words);
  if (isQuiet(message)) {
    element.append(
      h("div", { class: "message-gutter" }, avatar(author, "small")),
      quietLine(message, author, context, stamp),
    );
    return element;
  }
  element.append(
    message.is_ephemeral ? h("div", { class: "message-visibility" }, icon("eye"), "Only visible to you") : "",
    h("div", { class: "message-gutter" }, avatar(author), stamp(time.replace(/\s?[AP]M$/u, ""))),
    h(
      "div",
      { class: "message-main" },
      !isInThread && message.is_broadcast && replyNote(message, desk),
      h("div", { class: "message-head" }, nameOf(author), badge(author), stamp()),
      h("div", { class: "message-body" }, bodyOf(message, desk.contexts)),
      h("div", { class: "message-thread", hidden: true }),
    ),
  );
  return element;
}

/**
 * Change what may change without drawing the message anew: whether it belongs to the one above, and its thread.
 *
 * @param {HTMLElement} element What `renderMessage` made.
 * @param {Object} item `message`, `isGrouped`, `isNew` and, outside of the thread's pane, `replies` and `freshReplies`.
 * @param {Object} desk As for `renderMessage`.
 */
export function patchMessage(element, item, desk) {
  element.classList.toggle("is-grouped", Boolean(item.isGrouped));
  const place = element.querySelector(":scope > .message-main > .message-thread");
  if (!place) return;
  const count = Math.max(item.message.reply_count, item.replies?.length ?? 0);
  const last = item.replies?.at(-1);
  const lastTime = last && momentLabel(last.ts, desk.contexts.plain());
  place.hidden = !item.replies || count === 0;
  redraw(place, [place.hidden, count, item.freshReplies, lastTime], () =>
    place.hidden ? [] : threadLink(item, count, lastTime, desk),
  );
}

function classesOf(message) {
  const classes = ["message"];
  if (message.is_ephemeral) classes.push("is-ephemeral");
  if (isQuiet(message)) classes.push("is-quiet");
  if (message.subtype === "slackbot") classes.push("is-slackbot");
  return classes.join(" ");
}

function isQuiet(message) {
  return message.subtype === "channel_join" || message.subtype === "channel_leave";
}

function spoken(message, author, time) {
  const parts = [author.real_name, time];
  if (message.is_ephemeral) parts.push("only visible to you");
  return parts.join(", ");
}

function badge(author) {
  return author.is_bot && h("span", { class: "chip is-app" }, "App");
}

function quietLine(message, author, context, stamp) {
  const otherwise = message.subtype === "channel_join" ? "joined." : "left.";
  const words = message.text ? safely(() => renderMrkdwn(message.text, context, {}), message.text) : otherwise;
  // The server's words may or may not begin with the person.
  const isNamed = message.text.startsWith("<@") || message.text.startsWith(author.real_name);
  return h("div", { class: "message-main" }, !isNamed && [nameOf(author), " "], h("span", {}, words), " ", stamp());
}

function bodyOf(message, contexts) {
  const said = saidBy(message, contexts.ofMessage(message));
  const edited = message.is_edited && h("span", { class: "message-edited" }, " (edited)");
  // Behind the words themselves where there are any, else below.
  const isText = edited && said?.classList.contains("message-text");
  if (isText) said.append(edited);
  const contextOf = (at) => contexts.ofMessage(message, `attachment ${at}`);
  const attachments = message.attachments.map((each, at) => attachment(each, contextOf(at)));
  return [said, attachments, !isText && edited, message.files.map(renderFile)];
}

function saidBy(message, context) {
  if (message.subtype === "command") return h("code", { class: "message-command" }, typedText(message.text, context));
  if (message.blocks.length > 0) return safely(() => renderBlocks(message.blocks, context), message.text);
  if (!message.text) return null;
  return h(
    "div",
    { class: "message-text" },
    safely(() => renderMrkdwn(message.text, context, {}), message.text),
  );
}

function attachment(raw, context) {
  const classes = ["attachment", ACCENTS[raw.color]].filter(Boolean).join(" ");
  const hasBlocks = Array.isArray(raw.blocks) && raw.blocks.length > 0;
  const words = [raw.pretext, raw.title, raw.text].filter((each) => typeof each === "string" && each).join("\n");
  const shown = words || (typeof raw.fallback === "string" ? raw.fallback : "");
  if (!hasBlocks && !shown) return null;
  return h(
    "div",
    { class: classes },
    safely(() => (hasBlocks ? renderBlocks(raw.blocks, context) : renderMrkdwn(shown, context, {})), shown),
  );
}

/** What a drawing gives, or the plain words where it fails: one bad message must not take the others with it. */
function safely(draw, words) {
  try {
    return draw();
  } catch (error) {
    console.error(error);
    const note = h("div", { class: "message-broken" }, icon("warning"), "This part of the message cannot be shown.");
    return h("div", {}, words ? h("div", { class: "message-text" }, decode(words)) : null, note);
  }
}

function replyNote(message, desk) {
  const go = () => desk.openThread(message);
  return h(
    "button",
    { class: "message-reply-note", type: "button", onclick: go },
    icon("reply"),
    "replied to a thread",
  );
}

function threadLink({ message, replies, freshReplies }, count, lastTime, desk) {
  const writers = [...new Set(replies.map((each) => each.user))].slice(0, MOST_FACES);
  const onclick = () => desk.openThread(message);
  return h(
    "button",
    { class: "thread-link", type: "button", title: "Open thread", dataset: { key: "thread" }, onclick },
    h(
      "span",
      { class: "thread-faces" },
      writers.map((user) => avatar(authorOf({ user }, desk.store), "small")),
    ),
    h("span", { class: "thread-count" }, counted(count, "reply", "replies")),
    freshReplies > 0 && h("span", { class: "chip is-new" }, `${freshReplies} new`),
    lastTime && h("span", { class: "thread-last" }, lastTime),
  );
}
