// Interactive elements: which there are, and those that only send an action: buttons and menus of acts.

import { checkboxes, radioButtons, valueOf } from "./choices.js";
import { ask } from "./confirm.js";
import { h } from "../dom.js";
import { icon } from "../icons.js";
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
import { menuAt } from "../popover.js";
import { asList, asRecord, asText, linkAddress } from "../safe.js";
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
  const button = h(address ? "a" : "button", properties, label, address && icon("external"));
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
  const { context } = place.surface;
  const options = asList(element.options, MOST_ACTS).map(asRecord);
  const properties = { class: "bk-button bk-overflow", type: "button", ...place.naming("More actions") };
  const trigger = h("button", properties, icon("more"));
  menuAt(trigger, "More actions", () =>
    options.map((option) => ({
      label: hasText(option.text) ? textNode(option.text, context) : valueOf(option),
      detail: hasText(option.description) && textNode(option.description, context),
      href: linkAddress(option.url),
      onSelect: () => choose(option),
    })),
  );
  return h("span", { class: "bk-multi" }, acting(trigger, element, place));

  async function choose(option) {
    if (element.confirm && !(await ask(element.confirm, context))) return;
    await send(trigger, element, place, { selected_option: option });
  }
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
  const button = h("button", properties, icon(element.icon === "trash" ? "trash" : "circle"));
  button.addEventListener("click", (event) => press(event, { button, element, address: null, place }));
  return acting(button, element, place);
}

function acting(node, element, place) {
  node.dataset.key = `${place.blockId}\n${asText(element.action_id)}`;
  if (element.focus_on_load === true) place.surface.firstFocus ??= node;
  return node;
}
