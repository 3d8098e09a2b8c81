// Times of messages, in the zone of the acting person. How they are written is the renderer's business, as in blocks.

import { formatDate } from "./kit/dates.js";

/** The calendar day of a message, "2026-11-21". */
export function dayOf(ts, context) {
  return written(ts, "{date_num}", context);
}

/** A message's time of day. */
export function timeOf(ts, context) {
  return written(ts, "{time}", context);
}

/** A message's time in full. */
export function fullTimeOf(ts, context) {
  return written(ts, "{date_long} at {time_secs}", context);
}

/** The words on a day's divider: "Today", "Yesterday", a date. */
export function dayLabel(ts, context) {
  return capital(written(ts, "{date_long_pretty}", context));
}

/** How long ago in days and time: "Today at 1:05 PM". */
export function momentLabel(ts, context) {
  return capital(written(ts, "{date_pretty} at {time}", context));
}

function written(ts, tokens, context) {
  return formatDate(Number.parseInt(ts, 10), tokens, context);
}

function capital(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
