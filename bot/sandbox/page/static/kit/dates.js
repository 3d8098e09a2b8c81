// Slack's dates: a moment and a form, written for the zone of whoever reads, and written anew as time passes.

import { h } from "../dom.js";

const FORMS = {
  number: { year: "numeric", month: "2-digit", day: "2-digit" },
  time: { hour: "numeric", minute: "2-digit", hourCycle: "h12" },
  seconds: { hour: "numeric", minute: "2-digit", second: "2-digit", hourCycle: "h12" },
  clock: {
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    hourCycle: "h23",
  },
  words: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  short: { year: "numeric", month: "short", day: "numeric" },
};
const AGES = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const DAY_MS = 86_400_000;
const LONGEST_WHOLE = 32;
const LATEST = 8_640_000_000_000;
const TOKEN = /\{(\w+)\}/g;
const EXACT = "{date_long} at {time_secs}";

const writers = new Map();

/** What each token is replaced by. */
const TOKENS = {
  date_num: (moment) => moment.number(),
  date: (moment) => moment.date(),
  date_short: (moment) => moment.short(),
  date_long: (moment) => moment.long(),
  date_pretty: (moment) => moment.nearDay() ?? moment.date(),
  date_short_pretty: (moment) => moment.nearDay() ?? moment.short(),
  date_long_pretty: (moment) => moment.nearDay() ?? moment.long(),
  time: (moment) => moment.write("time"),
  time_secs: (moment) => moment.write("seconds"),
  ago: (moment) => moment.ago(),
};

/**
 * Write a moment in the reader's zone.
 *
 * @param {number} unixSeconds When.
 * @param {string} tokens The form, with Slack's tokens such as `{date_short} at {time}`; others stay as they are.
 * @param {Object} context Where it is shown: `now()`, `timeZone`, a zone that the browser knows.
 * @returns {string} Empty when the moment is none.
 */
export function formatDate(unixSeconds, tokens, context) {
  if (!isMoment(unixSeconds)) return "";
  const moment = new Moment(unixSeconds, context);
  return String(tokens).replace(TOKEN, (token, name) => (Object.hasOwn(TOKENS, name) ? TOKENS[name](moment) : token));
}

/** @returns {boolean} Whether it is a number of seconds that a calendar has a date for. */
export function isMoment(unixSeconds) {
  return Number.isFinite(unixSeconds) && Math.abs(unixSeconds) <= LATEST;
}

/** @returns {HTMLTimeElement} The moment, written; `refreshDates` keeps it true. */
export function dateNode(unixSeconds, tokens, context) {
  return h(
    "time",
    {
      // A line break within "1:05 PM" is hard to read; a long form must be able to break.
      class: tokens.length <= LONGEST_WHOLE ? "date bk-whole" : "date",
      datetime: new Date(unixSeconds * 1000).toISOString(),
      title: formatDate(unixSeconds, EXACT, context),
      dataset: { unix: String(unixSeconds), format: tokens },
    },
    formatDate(unixSeconds, tokens, context),
  );
}

/**
 * Write all dates below an element anew: "2 minutes ago" becomes "3 minutes ago", "today" becomes "yesterday".
 *
 * @param {ParentNode} root Where to look.
 * @param {Object} context As for `formatDate`.
 */
export function refreshDates(root, context) {
  for (const node of root.querySelectorAll(".date[data-unix]")) {
    const written = formatDate(Number(node.dataset.unix), node.dataset.format, context);
    // Only what changed: a selection inside the text would be lost, and a screen reader would read it again.
    if (written && node.textContent !== written) node.textContent = written;
  }
}

/**
 * @param {string} local A local date and time, `2026-11-21T14:05`.
 * @param {string} timeZone The zone that it is meant in.
 * @returns {number|null} Unix seconds; null when it is no date.
 */
export function unixOfLocal(local, timeZone) {
  const asUtc = Date.parse(`${local}Z`);
  if (!Number.isFinite(asUtc)) return null;
  // The offset at the guess may be that of the other side of a clock change; the second step is right.
  const guess = asUtc - offset(asUtc, timeZone);
  return Math.round((asUtc - offset(guess, timeZone)) / 1000);
}

/** @returns {string} The moment as the value of a local date and time field: `2026-11-21T14:05`. */
export function localOfUnix(unixSeconds, timeZone) {
  const at = unixSeconds * 1000;
  return isMoment(unixSeconds) ? new Date(at + offset(at, timeZone)).toISOString().slice(0, 16) : "";
}

class Moment {
  constructor(unixSeconds, context) {
    this.seconds = unixSeconds;
    this.at = new Date(unixSeconds * 1000);
    this.context = context;
  }

  write(form) {
    return writer(form, this.context).format(this.at);
  }

  number() {
    const { year, month, day } = this.parts("number");
    return `${year}-${month}-${day}`;
  }

  short() {
    const { year, month, day } = this.parts("short");
    return `${month} ${day}, ${year}`;
  }

  date() {
    const { year, month, day } = this.parts("words");
    return `${month} ${ordinal(Number(day))}, ${year}`;
  }

  long() {
    return `${this.parts("words").weekday}, ${this.date()}`;
  }

  nearDay() {
    const days = dayNumber(this.at, this.context) - dayNumber(this.context.now(), this.context);
    return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days] ?? null;
  }

  ago() {
    const passed = this.context.now().getTime() / 1000 - this.seconds;
    const [unit, length] = AGES.find(([, seconds]) => Math.abs(passed) >= seconds) ?? ["second", 1];
    const count = Math.floor(Math.abs(passed) / length);
    if (unit === "second" && count < 10) return "just now";
    const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
    return passed >= 0 ? `${words} ago` : `in ${words}`;
  }

  parts(form) {
    return partsOf(this.at, form, this.context);
  }
}

function writer(form, { timeZone }) {
  const key = `${form} ${timeZone}`;
  if (!writers.has(key)) writers.set(key, newWriter(FORMS[form], timeZone));
  return writers.get(key);
}

function newWriter(form, timeZone) {
  try {
    return new Intl.DateTimeFormat("en-US", { ...form, timeZone });
  } catch {
    return new Intl.DateTimeFormat("en-US", { ...form, timeZone: "UTC" });
  }
}

function partsOf(at, form, context) {
  return Object.fromEntries(
    writer(form, context)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
}

function offset(at, timeZone) {
  const { year, month, day, hour, minute, second } = partsOf(new Date(at), "clock", { timeZone });
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
}

function dayNumber(at, context) {
  const { year, month, day } = partsOf(at, "number", context);
  return Math.round(Date.UTC(year, month - 1, day) / DAY_MS);
}

function ordinal(day) {
  const isTeen = day >= 11 && day <= 13;
  return `${day}${(!isTeen && { 1: "st", 2: "nd", 3: "rd" }[day % 10]) || "th"}`;
}
