// Blocks that frame something: notices, cards, containers, plans, files and videos.

import { h, newId, replace } from "../dom.js";
import { icon } from "../icons.js";
import { isolated, linkNode } from "./inline.js";
import { pictureNode } from "./images.js";
import { hasText, textNode, textWords } from "./objects.js";
import { renderRichText } from "./richtext.js";
import { asList, asRecord, asText } from "../safe.js";

const LEVELS = { info: "info", warning: "warning", error: "error", success: "success" };
const LEVEL_WORDS = { info: "Info", warning: "Warning", error: "Error", success: "Success" };
const WIDTHS = new Set(["narrow", "standard", "wide", "full"]);
const STATUSES = {
  pending: { picture: "circle", words: "Pending" },
  in_progress: { picture: null, words: "In progress" },
  complete: { picture: "success", words: "Complete" },
  error: { picture: "error", words: "Failed" },
};

/** A notice with its level. */
export function alertBlock(block, at) {
  const level = Object.hasOwn(LEVELS, asText(block.level)) ? block.level : "default";
  const words = LEVEL_WORDS[level] && h("span", { class: "visually-hidden" }, `${LEVEL_WORDS[level]}: `);
  const text = h("div", { class: "bk-alert-text" }, words, textNode(block.text, at.surface.context));
  return h("div", { class: `bk-alert bk-alert-${level}`, role: "note" }, icon(LEVELS[level] ?? "info"), text);
}

/** A card: a picture, a few lines, a few buttons. */
export function cardBlock(block, at) {
  const { context } = at.surface;
  const line = (name) => hasText(block[name]) && withClass(textNode(block[name], context, "div"), `bk-card-${name}`);
  const titles = [line("title"), line("subtitle")];
  const sign = block.icon && pictureNode(block.icon, "bk-card-icon");
  const actions = asList(block.actions, 5);
  return h(
    "div",
    { class: "bk-card" },
    block.hero_image && pictureNode(block.hero_image, "bk-card-hero"),
    (sign || titles.some(Boolean)) && h("div", { class: "bk-card-head" }, sign, h("div", null, titles)),
    line("body"),
    line("subtext"),
    actions.length > 0 &&
      h(
        "div",
        { class: "bk-actions" },
        actions.map((action) => at.element(action)),
      ),
  );
}

/** Cards beside each other, to be moved through. */
export function carouselBlock(block, at) {
  const cards = asList(block.elements, 20).map((card) => cardBlock(asRecord(card), at));
  const list = h(
    "div",
    { class: "bk-carousel-list", role: "list" },
    cards.map((card) => h("div", { role: "listitem" }, card)),
  );
  const region = h("div", { class: "bk-carousel-view", role: "group", "aria-label": "Cards", tabindex: "0" }, list);
  const move = (sign) => region.scrollBy({ left: sign * region.clientWidth * 0.8 });
  const button = (name, words, sign) =>
    h(
      "button",
      { class: "bk-button bk-round", type: "button", "aria-label": words, onclick: () => move(sign) },
      icon(name),
    );
  const buttons = h("div", { class: "bk-carousel-buttons" }, [
    button("back", "Previous cards", -1),
    button("next", "Next cards", 1),
  ]);
  return h("div", { class: "bk-carousel" }, region, cards.length > 1 && buttons);
}

/** A frame with a title around other blocks; some can be folded. */
export function containerBlock(block, at) {
  const { context } = at.surface;
  const title = block.rich_text_title
    ? withClass(renderRichText(block.rich_text_title, context), "bk-container-title")
    : hasText(block.title) && withClass(textNode(block.title, context, "div"), "bk-container-title");
  const subtitle =
    hasText(block.subtitle) && withClass(textNode(block.subtitle, context, "div"), "bk-container-subtitle");
  const sign = block.icon && pictureNode(block.icon, "bk-context-picture");
  const head = [sign, h("div", { class: "bk-container-titles" }, title, subtitle)];
  const body = h("div", { class: "bk-children" }, at.children(block.child_blocks));
  const width = WIDTHS.has(block.width) ? block.width : "standard";
  const look = `bk-container bk-width-${width}${block.has_header_divider === true ? " bk-divided" : ""}`;
  if (block.is_collapsible !== true)
    return h("div", { class: look }, h("div", { class: "bk-container-head" }, head), body);
  return foldable(block, at, look, [...head, icon("chevron")], body);
}

/** What can be said about an answer of the app, in small. */
export function contextActionsBlock(block, at) {
  return h(
    "div",
    { class: "bk-actions bk-context-actions" },
    asList(block.elements, 5).map((element) => at.element(element)),
  );
}

/** Steps of a longer piece of work. */
export function planBlock(block, at) {
  const tasks = asList(block.tasks, 50).map(asRecord);
  const done = tasks.filter((task) => task.status === "complete").length;
  const id = newId();
  return h(
    "section",
    { class: "bk-plan", "aria-labelledby": id },
    h("div", { class: "bk-plan-head" }, [
      h(
        "div",
        { class: "bk-plan-title", id },
        isolated(asText(block.title) || textWords(block.title, at.surface.context) || "Plan"),
      ),
      tasks.length > 0 && h("div", { class: "bk-note" }, `${done} of ${tasks.length} done`),
    ]),
    h(
      "ol",
      { class: "bk-tasks" },
      tasks.map((task) => h("li", null, taskCardBlock(task, at))),
    ),
  );
}

/** One step, with what it is about and what came of it. */
export function taskCardBlock(block, at) {
  const { context } = at.surface;
  const status = Object.hasOwn(STATUSES, asText(block.status)) ? block.status : "pending";
  const { picture, words } = STATUSES[status];
  const sources = asList(block.sources, 20).map(asRecord);
  const sign = picture ? icon(picture) : h("span", { class: "spinner", "aria-hidden": "true" });
  return h(
    "div",
    { class: `bk-task bk-task-${status.replace("_", "-")}` },
    sign,
    h("div", { class: "bk-task-body" }, [
      h("div", { class: "bk-task-title" }, [
        h("span", { class: "visually-hidden" }, `${words}: `),
        isolated(asText(block.title) || "Task"),
      ]),
      block.details && withClass(renderRichText(block.details, context), "bk-task-details"),
      block.output && withClass(renderRichText(block.output, context), "bk-task-output"),
      sources.length > 0 && h("div", { class: "bk-task-sources" }, sources.map(sourceNode)),
    ]),
  );
}

/** A video: its picture, and the way to it. Nothing of another site is played inside the page. */
export function videoBlock(block, at) {
  const { context } = at.surface;
  const title = textWords(block.title, context) || "Video";
  const picture = { image_url: block.thumbnail_url, alt_text: asText(block.alt_text) };
  const from = [asText(block.author_name), asText(block.provider_name)].filter(Boolean).join(" · ");
  return h("div", { class: "bk-video" }, [
    h(
      "div",
      { class: "bk-video-picture" },
      pictureNode(picture, "bk-picture"),
      h("span", { class: "bk-play" }, icon("play")),
    ),
    h("div", { class: "bk-video-title" }, linkNode(asText(block.title_url) || asText(block.video_url), title)),
    from && h("div", { class: "bk-note" }, isolated(from)),
    hasText(block.description) && textNode(block.description, context, "div"),
  ]);
}

/** A file that is kept elsewhere. */
export function fileBlock(block) {
  const name = h("div", { class: "bk-file-name" }, isolated(asText(block.external_id) || "File"));
  const source = asText(block.source) === "remote" ? "Kept outside of Slack" : "File";
  return h("div", { class: "bk-file" }, icon("file"), h("div", null, name, h("div", { class: "bk-note" }, source)));
}

function foldable(block, at, look, head, body) {
  const key = at.memoryKey("fold");
  const { memory } = at.surface;
  const isOpen = memory.get(key) ?? block.default_collapsed !== true;
  const summary = h("summary", { class: "bk-container-head" });
  const details = h("details", { class: look, open: isOpen }, replace(summary, head), body);
  details.addEventListener("toggle", () => memory.set(key, details.open));
  summary.dataset.key = key;
  return details;
}

function sourceNode(source) {
  return linkNode(asText(source.url), asText(source.text) || asText(source.url));
}

function withClass(node, name) {
  node.classList.add(name);
  return node;
}
