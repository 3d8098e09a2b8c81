// Where in the workspace the person is, kept in the address: `?as=U0ANA#C0GENERAL/1795262400.000100`.

import { recall, remember } from "./memory.js";

const HOME = "home";
/** Who a first visit acts as: the owner of the seeded workspace. */
export const FIRST_PERSON = "U0ANA";

/**
 * The place that the address names.
 *
 * @returns {{channel: string, thread: string|null, tab: string}}
 */
export function currentRoute() {
  const [channel = "", rest = ""] = location.hash.slice(1).split("/").map(decoded);
  const isThread = /^\d+(\.\d+)?$/.test(rest);
  return { channel, thread: isThread ? rest : null, tab: rest === HOME ? HOME : "messages" };
}

/** Go to a place; the browser's back button leads back. */
export function go(route) {
  const hash = hashOf(route);
  if (hash !== location.hash) location.hash = hash;
}

/** Name another place without leaving a step for the back button. */
export function correct(route) {
  history.replaceState(null, "", `${location.search}${hashOf(route)}`);
}

/** The address of a place, to link to. */
export function hashOf({ channel, thread = null, tab = "messages" }) {
  const rest = thread ?? (tab === HOME ? HOME : null);
  return `#${[channel, rest]
    .filter((each) => each !== null)
    .map(encodeURIComponent)
    .join("/")}`;
}

/** The person to begin as: the one in the address, else the one of last time, else the owner. */
export function startPerson() {
  return new URLSearchParams(location.search).get("as") || recall("as", "") || FIRST_PERSON;
}

/** Keep who is acting through a reload. */
export function rememberPerson(person) {
  remember("as", person);
  const query = new URLSearchParams(location.search);
  if (query.get("as") === person) return;
  query.set("as", person);
  history.replaceState(null, "", `?${query}${location.hash}`);
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
