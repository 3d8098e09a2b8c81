// Times of messages, in the zone of the acting person. How they are written is the renderer's business, as in blocks.

import { formatDate } from "./kit/dates.js";

const dayFormats = new Map();

// To ask the browser takes long, and a list of messages asks for each of them.
const knownZones = new Map();

/** The zone if this browser knows it, else UTC. */
export function knownZone(zone) {
  if (!knownZones.has(zone)) knownZones.set(zone, isKnown(zone) ? zone : "UTC");
  return knownZones.get(zone);
}

function isKnown(zone) {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** The calendar day of a message, "2026-11-21". */
export function dayOf(ts, context) {
  const seconds = parseInt(ts, 10);
  if (!Number.isFinite(seconds)) return "";
  const zone = context.timeZone;
  if (!dayFormats.has(zone)) {
    const form = { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" };
    dayFormats.set(zone, new Intl.DateTimeFormat("en-CA", form));
  }
  return dayFormats.get(zone).format(new Date(seconds * 1000));
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
  const words = written(ts, "{date_long_pretty}", context);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** How long ago in days and time: "Today at 1:05 PM". */
export function momentLabel(ts, context) {
  const words = written(ts, "{date_pretty} at {time}", context);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function written(ts, tokens, context) {
  const seconds = parseInt(ts, 10);
  if (!Number.isFinite(seconds)) return "";
  try {
    return String(formatDate(seconds, tokens, context));
  } catch (error) {
    console.error(error);
    return new Date(seconds * 1000).toISOString();
  }
}
