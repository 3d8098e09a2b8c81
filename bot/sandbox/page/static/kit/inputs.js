// Fields that somebody types into: text, numbers, addresses, dates and times.

import { localOfUnix, unixOfLocal } from "./dates.js";
import { h, isComposing } from "../dom.js";
import { icon } from "../icons.js";
import { richTextWords } from "./richtext.js";
import { textWords } from "./objects.js";
import { asText, asWhole, linkAddress } from "../safe.js";

const REQUIRED = "Please fill in this field.";
const LONGEST = 3000;
const SHOW_LEFT_FROM = 0.8;
const MOMENT_NAMES = { date: "Date", time: "Time", "datetime-local": "Date and time" };
const MAILBOX = /^[^\s@<>]+@[^\s@<>.]+(\.[^\s@<>.]+)+$/;

/** Build a field for text of one or more lines; for `statefulNode`. */
export function plainTextInput(element, place, changed) {
  const least = asWhole(element.min_length, { least: 0, most: LONGEST, fallback: 0 });
  const most = asWhole(element.max_length, { least: 1, most: LONGEST, fallback: LONGEST });
  return textField(element, place, changed, {
    lines: element.multiline === true ? 4 : 1,
    most,
    check: (text) => lengthProblem(text, least, most),
  });
}

/** Build a field for formatted text, as plain text. */
export function richTextInput(element, place, changed) {
  const lines = asWhole(element.min_lines, { least: 2, most: 20, fallback: 4 });
  const field = textField(element, place, changed, { lines });
  const { read, write } = field;
  return {
    ...field,
    initial: { rich_text_value: element.initial_value ?? null },
    read: () => ({ rich_text_value: read().value === null ? null : richText(read().value) }),
    write: ({ rich_text_value: value }) =>
      write({ value: value ? richTextWords(value, place.surface.context) : null }),
  };
}

/** Build a field for a number. Slack's numbers are text. */
export function numberInput(element, place, changed) {
  const isDecimal = element.is_decimal_allowed === true;
  return textField(element, place, changed, {
    attributes: { inputmode: isDecimal ? "decimal" : "numeric" },
    look: "bk-field-number",
    check: (text) => numberProblem(text, element, isDecimal),
  });
}

/** Build a field for an e-mail address. */
export function emailInput(element, place, changed) {
  const check = (text) => (MAILBOX.test(text) ? "" : "Write a whole e-mail address, such as ana@example.com.");
  return textField(element, place, changed, { attributes: { type: "email", autocomplete: "off" }, check });
}

/** Build a field for an address of the web. */
export function urlInput(element, place, changed) {
  const isAddress = (text) => linkAddress(text) && !text.startsWith("mailto:");
  const check = (text) => (isAddress(text) ? "" : "Write a whole address, such as https://example.com.");
  return textField(element, place, changed, { attributes: { type: "url", autocomplete: "off" }, check });
}

/** Build a field for a day. */
export function datepicker(element, place, changed) {
  return momentField(element, place, changed, "date", "selected_date", asText(element.initial_date) || null);
}

/** Build a field for a time of day. */
export function timepicker(element, place, changed) {
  return momentField(element, place, changed, "time", "selected_time", asText(element.initial_time) || null);
}

/** Build a field for a moment; it is shown in the reader's zone and kept in Unix seconds. */
export function datetimepicker(element, place, changed) {
  const { timeZone } = place.surface.context;
  const initial = typeof element.initial_date_time === "number" ? element.initial_date_time : null;
  const field = momentField(element, place, changed, "datetime-local", "selected_date_time", initial);
  return {
    ...field,
    read: () => ({ selected_date_time: field.input.value ? unixOfLocal(field.input.value, timeZone) : null }),
    write: ({ selected_date_time: at }) =>
      (field.input.value = typeof at === "number" ? localOfUnix(at, timeZone) : ""),
  };
}

/** Build the place of a file field; the sandbox has nowhere to put a file. */
export function fileInput(element, place) {
  const input = h("button", { class: "bk-button", type: "button", disabled: true, ...place.naming("Files") }, [
    icon("file"),
    "Choose files",
  ]);
  const note = h("span", { class: "bk-note" }, "Files cannot be uploaded in the sandbox.");
  return {
    node: h("div", { class: "bk-file-input" }, input, note),
    input,
    initial: {},
    read: () => ({ files: [] }),
    write: () => {},
    problem: () => "",
  };
}

function textField(element, place, changed, { lines = 1, most = Infinity, attributes = {}, look = "", check }) {
  const { context } = place.surface;
  const left = h("span", { class: "bk-remaining", "aria-live": "polite" });
  const properties = {
    class: `bk-field ${look}`.trim(),
    placeholder: textWords(element.placeholder, context) || null,
    "aria-required": place.isInput && !place.isOptional ? "true" : null,
    autocomplete: "off",
    dir: "auto",
    oninput: () => {
      showLeft();
      changed("typed");
    },
    ...place.naming("Text"),
  };
  const input =
    lines > 1
      ? h("textarea", { ...properties, rows: lines })
      : h("input", { type: "text", ...properties, ...attributes });
  if (lines === 1) input.addEventListener("keydown", entered);
  return {
    node: h("div", { class: "bk-text-input" }, input, left),
    input,
    isText: true,
    initial: { value: asText(element.initial_value) || null },
    read: () => ({ value: input.value === "" ? null : input.value }),
    write: ({ value }) => {
      input.value = asText(value);
      showLeft();
    },
    problem: () => {
      const text = input.value.trim();
      if (!text) return place.isOptional ? "" : REQUIRED;
      return check?.(text) ?? "";
    },
  };

  function entered(event) {
    // While a word is being composed, Enter ends the word and not the field.
    if (event.key !== "Enter" || isComposing(event) || !place.dispatches) return;
    event.preventDefault();
    changed("entered");
  }

  function showLeft() {
    const count = Array.from(input.value).length;
    left.textContent = count >= most * SHOW_LEFT_FROM && most < LONGEST ? `${most - count} left` : "";
    left.classList.toggle("bk-over", count > most);
  }
}

function momentField(element, place, changed, type, key, initial) {
  const { context } = place.surface;
  const title = textWords(element.placeholder, context) || null;
  const input = h("input", {
    type,
    class: "bk-field bk-field-date",
    title,
    ...place.naming(title ?? MOMENT_NAMES[type]),
  });
  input.addEventListener("change", () => changed("picking"));
  return {
    node: h("div", { class: "bk-date-input" }, input),
    input,
    initial: { [key]: initial },
    read: () => ({ [key]: input.value || null }),
    write: ({ [key]: value }) => (input.value = asText(value)),
    problem: () => {
      if (input.validity.badInput) return "This is not a date or time.";
      return !input.value && !place.isOptional ? REQUIRED : "";
    },
  };
}

function lengthProblem(text, least, most) {
  const length = Array.from(text).length;
  if (length < least) return `Write at least ${least} character${least === 1 ? "" : "s"}.`;
  return length > most ? `Write at most ${most} characters; these are ${length}.` : "";
}

function numberProblem(text, element, isDecimal) {
  const number = Number(text);
  if (!/^[-+]?(\d+\.?\d*|\.\d+)$/.test(text)) return "Write a number.";
  if (!isDecimal && !Number.isInteger(number)) return "Write a whole number.";
  const { min_value: least, max_value: most } = element;
  if (isLimit(least) && number < Number(least)) return `Write ${least} or more.`;
  return isLimit(most) && number > Number(most) ? `Write ${most} or less.` : "";
}

function isLimit(value) {
  return asText(value).trim() !== "" && Number.isFinite(Number(value));
}

function richText(text) {
  const section = { type: "rich_text_section", elements: [{ type: "text", text }] };
  return { type: "rich_text", elements: [section] };
}
