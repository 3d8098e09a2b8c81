// What a person has typed, picked, sorted or folded in a message or view, kept when it is drawn again.

const MOST = 400;

const memories = new Map();

/**
 * @param {Object} context `container` says which message or view; `me` and `part`, when given, keep people and the
 *     attachments of a message apart.
 * @returns {Map<string, *>} What is remembered of it, to be read and written.
 */
export function memoryOf(context) {
  const key = keyOf(context);
  if (key === null) return new Map();
  const memory = memories.get(key) ?? new Map();
  // The one used last goes to the end; those not used for long fall out at the front.
  memories.delete(key);
  memories.set(key, memory);
  if (memories.size > MOST) memories.delete(memories.keys().next().value);
  return memory;
}

/** Forget everything about a message or view, such as a modal that was closed. */
export function forget(context) {
  memories.delete(keyOf(context));
}

function keyOf({ container, me = "", part = "" }) {
  if (!container) return null;
  const { type, channel = "", ts = "", view_id: view = "" } = container;
  return JSON.stringify([type, channel, ts, view, me, part]);
}
