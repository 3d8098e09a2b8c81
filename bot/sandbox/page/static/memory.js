// What this browser remembers from one visit to the next; nothing is lost when it may not remember.

const PREFIX = "hub-bot-sandbox:";

/** What was remembered under a name, or the fallback. */
export function recall(name, fallback) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name)) ?? fallback;
  } catch {
    return fallback;
  }
}

/** Remember a value under a name. */
export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // A private window without storage, or a full one: the page works all the same.
  }
}
