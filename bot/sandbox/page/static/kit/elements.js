// Interactive elements: which there are, and those that only send an action: buttons and menus of acts.

import { checkboxes, radioButtons, valueOf } from "./choices.js";
import { ask } from "./confirm.js";
import { h } from "../dom.js";
import { glyph } from "./glyphs.js";
import { pictureNode } from "./images.js";
import {
  datepicker,
  datetimepicker,
  emailInput,
  fileInput,
  numberInput,
  plainTextInput,
  richTextInput,
  timepicker,
  urlInput,
} from "./inputs.js";
import { hasText, textNode, textWords } from "./objects.js";
import { moveFocus, popover } from "./popover.js";
import { asList, asRecord, asText, linkAddress } from "./safe.js";
import { multiSelect, singleSelect } from "./selects.js";
import { statefulNode } from "./stateful.js";

const LOOKS = new Map([
  ["primary", " bk-primary"],
  ["danger", " bk-danger"],
]);
const MOST_ACTS = 20;

const STATEFUL = {
  checkboxes,
  radio_buttons: radioButtons,
  static_select: singleSelect,
  external_select: singleSelect,
  users_select: singleSelect,
  conversations_select: singleSelect,
  channels_select: singleSelect,
  multi_static_select: multiSelect,
  multi_external_select: multiSelect,
  multi_users_select: multiSelect,
  multi_conversations_select: multiSelect,
  multi_channels_select: multiSelect,
  plain_text_input: plainTextInput,
  rich_text_input: richTextInput,
  number_input: numberInput,
  email_text_input: emailInput,
  url_text_input: urlInput,
  datepicker,
  timepicker,
  datetimepicker,
  file_input: fileInput,
};

const ACTING = {
  button: buttonNode,
  workflow_button: workflowButton,
  overflow: overflowNode,
  feedback_buttons: feedbackNode,
  icon_button: iconButton,
  image: (element) => pictureNode(element, "bk-thumbnail"),
};

/**
 * Show an element of a block.
 *
 * @param {Object} element As it came; one of an unknown type becomes a label.
 * @param {Object} place Where it stands: `surface`, `blockId`, `dispatches`, `naming(fallback)` and, in an input block,
 *     `isInput`, `isOptional`, `onControl(control)`.
 * @returns {Node}
 */
export function elementNode(element, place) {
  const known = asRecord(element);
  const type = asText(known.type);
  if (Object.hasOwn(STATEFUL, type)) return statefulNode(known, place, STATEFUL[type]);
  if (Object.hasOwn(ACTING, type)) return ACTING[type](known, place);
  return h("span", { class: "bk-unknown-element" }, type || "Unknown element");
}

function buttonNode(element, place) {
  const { context } = place.surface;
  const address = linkAddress(element.url);
  const label = hasText(element.text) ? textNode(element.text, context) : "Button";
  const properties = {
    class: `bk-button${LOOKS.get(element.style) ?? ""}`,
    "aria-label": asText(element.accessibility_label) || null,
    ...(address ? { href: address, target: "_blank", rel: "noopener noreferrer" } : { type: "button" }),
  };
  const button = h(address ? "a" : "button", properties, label, address && glyph("external"));
  button.addEventListener("click", (event) => press(event, { button, element, address, place }));
  return acting(button, element, place);
}

async function press(event, { button, element, address, place }) {
  const mustAsk = Boolean(element.confirm);
  if (mustAsk || isBusy(button)) event.preventDefault();
  if (isBusy(button)) return;
  if (mustAsk && !(await ask(element.confirm, place.surface.context))) return;
  if (mustAsk && address) open(address, "_blank", "noopener,noreferrer");
  await send(button, element, place);
}

/** Send an action; the button waits but keeps the focus, so that nobody loses their place. */
async function send(button, element, place, state) {
  if (isBusy(button)) return;
  button.setAttribute("aria-busy", "true");
  button.setAttribute("aria-disabled", "true");
  await place.surface.act({ blockId: place.blockId, actionId: asText(element.action_id), state });
  button.removeAttribute("aria-busy");
  button.removeAttribute("aria-disabled");
}

function isBusy(button) {
  return button.getAttribute("aria-busy") === "true";
}

function workflowButton(element, place) {
  const label = textNode(element.text, place.surface.context);
  const title = "Workflows do not run in the sandbox.";
  return h(
    "button",
    { class: `bk-button${LOOKS.get(element.style) ?? ""}`, type: "button", disabled: true, title },
    label,
  );
}

function overflowNode(element, place) {
  const options = asList(element.options, MOST_ACTS).map(asRecord);
  const trigger = h(
    "button",
    { class: "bk-button bk-overflow", type: "button", "aria-haspopup": "menu", ...place.naming("More actions") },
    glyph("more"),
  );
  const items = options.map((option) => overflowItem(option, place.surface.context));
  const panel = h("div", { class: "bk-panel bk-menu", role: "menu", "aria-label": "More actions" }, items);
  const menu = popover(trigger, panel, { onOpen: () => items[0]?.focus() });
  items.forEach((item, index) => item.addEventListener("click", () => choose(options[index])));
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Tab") menu.close();
    moveFocus(event, items);
  });
  trigger.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    menu.open();
  });
  return h("span", { class: "bk-multi" }, acting(trigger, element, place), panel);

  async function choose(option) {
    menu.close();
    if (element.confirm && !(await ask(element.confirm, place.surface.context))) return;
    await send(trigger, element, place, { selected_option: option });
  }
}

function overflowItem(option, context) {
  const address = linkAddress(option.url);
  const link = address ? { href: address, target: "_blank", rel: "noopener noreferrer" } : { type: "button" };
  const detail =
    hasText(option.description) && h("span", { class: "bk-choice-detail" }, textNode(option.description, context));
  const label = hasText(option.text) ? textNode(option.text, context) : valueOf(option);
  return h(address ? "a" : "button", { class: "bk-item", role: "menuitem", tabindex: "-1", ...link }, label, detail);
}

function feedbackNode(element, place) {
  const key = `${place.blockId}\n${asText(element.action_id)}`;
  const { memory, context } = place.surface;
  const choices = [element.positive_button, element.negative_button].map(asRecord);
  const buttons = choices.map((choice, index) => feedbackButton(choice, index === 0, context));
  buttons.forEach((button, index) =>
    button.addEventListener("click", () => {
      memory.set(key, index);
      show();
      send(button, element, place, { value: asText(choices[index].value) });
    }),
  );
  show();
  const node = h("span", { class: "bk-feedback", role: "group", "aria-label": "Feedback" }, buttons);
  node.dataset.key = key;
  return node;

  function show() {
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(memory.get(key) === index)));
  }
}

function feedbackButton({ text, accessibility_label: label }, isGood, context) {
  const words = textWords(text, context) || (isGood ? "Good" : "Bad");
  const properties = {
    class: "bk-button bk-quiet",
    type: "button",
    title: words,
    "aria-label": asText(label) || words,
  };
  return h("button", properties, h("span", { "aria-hidden": "true" }, isGood ? "👍" : "👎"));
}

function iconButton(element, place) {
  const { context } = place.surface;
  const mayBeSeenBy = asList(element.visible_to_user_ids);
  if (mayBeSeenBy.length && context.me && !mayBeSeenBy.includes(context.me)) return h("span", { hidden: true });
  const words = textWords(element.text, context) || "Button";
  const name = asText(element.accessibility_label) || words;
  const properties = { class: "bk-button bk-quiet", type: "button", title: words, "aria-label": name };
  const button = h("button", properties, glyph(element.icon === "trash" ? "trash" : "circle"));
  button.addEventListener("click", (event) => press(event, { button, element, address: null, place }));
  return acting(button, element, place);
}

function acting(node, element, place) {
  node.dataset.key = `${place.blockId}\n${asText(element.action_id)}`;
  if (element.focus_on_load === true) place.surface.firstFocus ??= node;
  return node;
}
