// What this browser remembers from one visit to the next. Where it may not, it is remembered until the page is closed.

const PREFIX = "hub-bot-sandbox:";

const unstored = new Map();

/** What was remembered under a name, in whichever tab, or the fallback. */
export function recall(name, fallback) {
  try {
    return JSON.parse(unstored.get(name) ?? localStorage.getItem(PREFIX + name)) ?? fallback;
  } catch {
    return fallback;
  }
}

/** Remember a value under a name. */
export function remember(name, value) {
  const words = JSON.stringify(value);
  try {
    localStorage.setItem(PREFIX + name, words);
    unstored.delete(name);
  } catch {
    // A private window without storage, or a full one.
    unstored.set(name, words);
  }
}
