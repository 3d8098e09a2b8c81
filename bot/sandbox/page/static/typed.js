// A line as its author typed it: Slack's markup undone, nothing else changed.

const MARKUP = /<([^<>|]+)(?:\|([^<>]*))?>/gu;

/**
 * Undo what sending did to a line.
 *
 * @param {string} line With `<@U0ANA>`, `<#C0GENERAL|general>`, `<https://…>` and `&amp;`.
 * @param {Object} store Knows the names.
 * @returns {string}
 */
export function typedForm(line, store) {
  return unescaped(line.replace(MARKUP, (_, target, label) => shown(target, label, store)));
}

/** Undo the escaping of the three characters that would begin markup. */
export function unescaped(words) {
  return words.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function shown(target, label, { people, conversations, usergroups }) {
  const id = target.slice(1);
  if (target.startsWith("@")) return `@${people.get(id)?.name ?? label ?? id}`;
  if (target.startsWith("#")) return `#${conversations.get(id)?.name ?? (label || id)}`;
  if (target.startsWith("!subteam^")) {
    const group = target.slice("!subteam^".length);
    return `@${usergroups.get(group)?.handle ?? (label ?? group).replace(/^@/u, "")}`;
  }
  if (target.startsWith("!")) return label ?? `@${id}`;
  return label ?? target.replace(/^mailto:/u, "");
}
