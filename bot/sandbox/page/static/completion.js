// What can follow what has been typed: verbs, options, repositories and tags of the app's command; people; channels.

import { calledName, inOrder, isOfficial, tagsOf } from "./repositories.js";

const MOST = 40;
const IMAGE = /image|repo|first|second|source|target|tag/i;
const VERB = /verb|command/i;
const NAMESPACE = /namespace|organization/i;
/** Slack's own commands that the simulated one knows. */
const BUILT_IN = [
  { label: "/invite", detail: "Add somebody, or an app, to this channel", insert: "/invite @" },
  { label: "/remove", detail: "Take somebody, or an app, out of this channel", insert: "/remove @" },
];

/**
 * @typedef {Object} World What there is to complete from.
 * @property {Object} app The state's app.
 * @property {Array<Object>} repositories The state's repositories.
 * @property {Array<Object>} people
 * @property {Array<Object>} usergroups
 * @property {Array<Object>} channels
 * @property {boolean} isThread Whether it is typed in a thread, where Slack has no app commands.
 */

/**
 * Find what can follow.
 *
 * @param {string} typed All that is in the box.
 * @param {number} caret Where the caret stands.
 * @param {World} world
 * @returns {{items: Array<Object>, from: number, to: number, usage: Object|null, note: string}} The items (`label`,
 *     `detail`, `insert`) would replace the letters `from` to `to`; `usage` is the verb being typed.
 */
export function complete(typed, caret, world) {
  const before = typed.slice(0, caret);
  const from = before.search(/\S*$/u);
  const word = before.slice(from);
  const to = caret + typed.slice(caret).match(/^\S*/u)[0].length;
  const command = forCommand(before, word, world);
  // People can stand among a command's words, too.
  const other =
    command?.items?.length > 0 || command?.note ? null : (forMention(before, world) ?? forChannel(word, world));
  const found = { ...command, ...other };
  const items = found.items ?? [];
  return {
    items: isDone(items, found.word ?? word) ? [] : items.slice(0, MOST),
    from: found.from ?? from,
    to,
    usage: found.usage ?? null,
    note: found.note ?? "",
  };
}

/** Nothing is offered when the only thing to offer stands there already. */
function isDone(items, word) {
  return items.length === 1 && items[0].insert.trim() === word;
}

function forCommand(before, word, world) {
  const { app, isThread } = world;
  if (before.startsWith("/")) {
    if (isThread)
      return { note: `Slack has no app commands in threads. Write @${app.name} instead of ${app.command}.` };
    if (!/\s/u.test(before)) return { items: matching([commandItem(app), ...BUILT_IN], word) };
  }
  const address = addressOf(before, world);
  if (address === null) return null;
  return forArguments(before.slice(address), word, world);
}

/** How many letters the address takes, "/hub " or "@Hub Bot "; null when the app is not addressed. */
function addressOf(before, { app, isThread }) {
  const addresses = isThread ? [`@${app.name} `] : [`${app.command} `, `@${app.name} `];
  const address = addresses.find((each) => before.toLowerCase().startsWith(each.toLowerCase()));
  return address?.length ?? null;
}

function forArguments(words, word, world) {
  const tokens = words.trimStart().split(/\s+/u);
  const verb = world.app.verbs.find((each) => each.name === tokens[0].toLowerCase());
  if (tokens.length === 1) {
    const items = matching(world.app.verbs.map(verbItem), word);
    return { items, usage: verb ?? null };
  }
  if (!verb) return { items: [] };
  return { items: forPlace(verb, tokens.slice(1, -1), word, world), usage: verb };
}

/** What can stand where the caret is, after the words that a verb has already. */
function forPlace(verb, earlier, word, world) {
  const values = valuesOf(verb, earlier.at(-1));
  if (values)
    return matching(
      values.map((each) => ({ label: each, insert: `${each} ` })),
      word,
    );
  if (takesValue(verb, earlier.at(-1))) return [];
  if (word.startsWith("-")) return matching(optionItems(verb, earlier), word);
  const given = positionals(verb, earlier);
  const places = [...verb.usage.matchAll(/<([^>]+)>(…|\.\.\.)?/gu)];
  const place = places[given.length] ?? (places.at(-1)?.[2] ? places.at(-1) : null);
  if (!place) return word ? [] : optionItems(verb, earlier);
  return matching(itemsFor(place[1], given, word, world), word);
}

function itemsFor(name, given, word, world) {
  if (VERB.test(name)) return world.app.verbs.map(verbItem);
  if (NAMESPACE.test(name)) {
    const named = inOrder(world.repositories).filter((each) => !isOfficial(each.name));
    const namespaces = new Set(named.map((each) => each.name.split("/")[0]));
    return [...namespaces].map((each) => ({ label: each, insert: `${each} ` }));
  }
  if (!IMAGE.test(name)) return [];
  const tagged = tagsOf(word.split(":")[0], world.repositories);
  if (word.includes(":") && tagged) return tagged.map((tag) => tagItem(`${word.split(":")[0]}:${tag}`));
  // To compare, the second tag of the same repository is enough.
  const sameRepository =
    /tag/i.test(name) && given.length > 0 ? tagsOf(given[0].split(":")[0], world.repositories) : null;
  return [...(sameRepository ?? []).map(tagItem), ...inOrder(world.repositories).map(repositoryItem)];
}

/** The words that are not options or options' values. */
function positionals(verb, words) {
  return words.filter((word, at) => !word.startsWith("-") && !takesValue(verb, words[at - 1]));
}

/** The values an option chooses from, as its usage has them: `--sort newest|name`. */
function valuesOf(verb, word) {
  const form = formOf(verb, word);
  return form?.includes("|") ? form.split("|") : null;
}

function takesValue(verb, word) {
  return formOf(verb, word) !== null;
}

/** What stands behind an option in the verb's usage, null when it takes nothing. */
function formOf(verb, word) {
  if (!word?.startsWith("--")) return null;
  const words = verb.usage.split(/\s+/u);
  const at = words.findIndex((each) => each.replace(/^\[/u, "") === word);
  const next = at < 0 ? "" : (words[at + 1] ?? "");
  return at < 0 || next === "" || /^[[<]/u.test(next) ? null : next.replace(/\]$/u, "");
}

function optionItems(verb, earlier) {
  return verb.options
    .map((each) => ({ label: each.name, detail: each.help, insert: `${each.name.split(/[\s,=]/u)[0]} ` }))
    .filter((each) => !earlier.includes(each.insert.trim()));
}

function commandItem(app) {
  return { label: app.command, detail: app.usage_hint || app.description, insert: `${app.command} ` };
}

function verbItem(verb) {
  return { label: verb.name, detail: verb.summary, insert: `${verb.name} ` };
}

function repositoryItem(repository) {
  const name = calledName(repository.name);
  const detail = isOfficial(repository.name) ? "official" : repository.is_private && "private";
  return { label: name, detail, insert: name };
}

function tagItem(label) {
  return { label, insert: `${label} ` };
}

function forMention(before, { people, usergroups, app }) {
  // Names have spaces: the letters after the last @ that begins a word, two words at most.
  const found = before.match(/(?:^|[\s(])@([\p{L}\p{N}._-]*(?: [\p{L}\p{N}._-]+)?)$/u);
  if (!found) return null;
  const items = people.map((person) => ({
    label: person.id === app.bot_user ? `@${app.name}` : `@${person.name}`,
    detail: person.id === app.bot_user ? "App" : [person.real_name, person.title].filter(Boolean).join(" · "),
    insert: person.id === app.bot_user ? `@${app.name} ` : `@${person.name} `,
    words: `${person.name} ${person.real_name}`,
    person,
  }));
  for (const { handle, name } of usergroups) {
    items.push({ label: `@${handle}`, detail: name || "Group", insert: `@${handle} `, words: `${handle} ${name}` });
  }
  const wanted = found[1].toLowerCase();
  const isMeant = (words) =>
    words.split(/\s+/u).some((each) => each.startsWith(wanted)) || words.includes(` ${wanted}`);
  const matches = items.filter((each) => isMeant(` ${each.words.toLowerCase()}`));
  if (matches.length === 0) return null;
  return { items: matches, from: before.length - found[1].length - 1, word: `@${found[1]}` };
}

function forChannel(word, { channels }) {
  if (!/^#[\p{L}\p{N}_-]*$/u.test(word)) return null;
  const items = channels.map((each) => ({ label: `#${each.name}`, detail: each.topic, insert: `#${each.name} ` }));
  return { items: matching(items, word) };
}

/** The items that begin with a word, then those that have it inside. */
function matching(items, word) {
  const wanted = word.toLowerCase();
  const begins = items.filter((each) => each.label.toLowerCase().startsWith(wanted));
  const holds = items.filter((each) => !begins.includes(each) && each.label.toLowerCase().includes(wanted));
  return [...begins, ...holds];
}
