// Menus to choose from: options of the app, people, conversations; one of them or several.

import { valueOf } from "./choices.js";
import { h, newId, replace } from "../dom.js";
import { icon } from "../icons.js";
import { conversationName, isolated, personName } from "./inline.js";
import { textWords } from "./objects.js";
import { popover } from "../popover.js";
import { asList, asRecord, asText, asWhole } from "../safe.js";

const SEARCH_FROM = 8;
const MOST_OPTIONS = 1000;

// What can be chosen from, and how a choice is called in a state.
const SOURCES = {
  static: { field: "option", entries: staticEntries, keyOf: valueOf },
  external: { field: "option", entries: () => [], keyOf: valueOf },
  users: { field: "user", entries: people, keyOf: asText },
  conversations: { field: "conversation", entries: conversations, keyOf: asText },
  channels: { field: "channel", entries: channels, keyOf: asText },
};

/** Build a menu of which one entry can be chosen; for `statefulNode`. */
export function singleSelect(element, place, changed) {
  const source = sourceOf(element);
  const field = `selected_${source.field}`;
  const initial = initialOf(element, source, place);
  const entries = withInitial(source, element, initial === null ? [] : [initial], place);
  const select = h("select", {
    class: "bk-select-field",
    onchange: () => changed("picked"),
    title: element.type === "external_select" ? "The app is not asked for options in the sandbox." : null,
    ...naming(element, place),
  });
  const hint = placeholder(element, place, "Choose an option");
  // Only what may be left out can be emptied again.
  const empty = h("option", { value: "", disabled: !place.isOptional, hidden: !place.isOptional }, hint);
  select.append(empty, ...optionNodes(entries));
  select.addEventListener("change", showEmpty);
  return {
    node: h("span", { class: "bk-select" }, select, icon("chevron")),
    input: select,
    initial: { [field]: initial },
    read: () => ({ [field]: entries[select.value]?.value ?? null }),
    write: (state) => {
      const wanted = state[field] === null ? -1 : indexOf(entries, source, state[field]);
      select.value = wanted === -1 ? "" : String(wanted);
      showEmpty();
    },
    problem: () => (select.value === "" && !place.isOptional ? "Choose one." : ""),
  };

  function showEmpty() {
    select.classList.toggle("bk-empty", select.value === "");
  }
}

/** Build a menu of which several entries can be chosen. */
export function multiSelect(element, place, changed) {
  const source = sourceOf(element);
  const field = `selected_${source.field}s`;
  const initial = asList(element[`initial_${source.field}s`]);
  const entries = withInitial(source, element, initial, place);
  const picker = new Picker(entries, {
    most: asWhole(element.max_selected_items, { least: 1, most: MOST_OPTIONS, fallback: MOST_OPTIONS }),
    hint: placeholder(element, place, "Choose options"),
    naming: naming(element, place),
    changed: () => changed("typed"),
    closed: () => changed("picked"),
  });
  return {
    node: picker.node,
    input: picker.trigger,
    initial: { [field]: initial },
    read: () => ({ [field]: picker.chosen().map((entry) => entry.value) }),
    write: (state) => {
      const wanted = asList(state[field]).map((value) => indexOf(entries, source, value));
      picker.choose(new Set(wanted.filter((index) => index !== -1)));
    },
    problem: () => (!picker.chosen().length && !place.isOptional ? "Choose at least one." : ""),
  };
}

/** A button that shows what is chosen and opens a list of checkboxes. */
class Picker {
  constructor(entries, { most, hint, naming: names, changed, closed }) {
    Object.assign(this, { entries, most, hint, changed });
    this.summary = h("span", { class: "bk-picked" });
    this.trigger = h("button", { class: "bk-picker", type: "button", "aria-haspopup": "dialog" }, [
      this.summary,
      icon("chevron"),
    ]);
    this.ticks = entries.map(() => h("input", { type: "checkbox", class: "bk-tick", onchange: () => this.ticked() }));
    this.rows = entries.map((entry, index) => optionRow(entry, this.ticks[index]));
    this.note = h("div", { class: "bk-note", role: "status" });
    this.panel = this.makePanel(names);
    this.node = h("span", { class: "bk-multi" }, this.trigger, this.panel);
    this.name(names);
    popover(this.trigger, this.panel, { onOpen: () => this.opened(), onClose: () => this.closed(closed) });
  }

  chosen() {
    return this.entries.filter((_, index) => this.ticks[index].checked);
  }

  choose(indexes) {
    this.ticks.forEach((tick, index) => (tick.checked = indexes.has(index)));
    this.show();
  }

  makePanel(names) {
    const list = h("div", { class: "bk-options" }, grouped(this.entries, this.rows));
    list.addEventListener("keydown", (event) => this.move(event));
    const none = this.entries.length ? null : h("div", { class: "bk-note" }, "There is nothing to choose from.");
    const label = names["aria-label"] ?? this.hint;
    this.search = this.entries.length >= SEARCH_FROM ? this.makeSearch() : null;
    return h("div", { class: "bk-panel", role: "dialog", "aria-label": label }, this.search, list, none, this.note);
  }

  makeSearch() {
    const oninput = () => this.filter(this.search.value);
    return h("input", {
      type: "search",
      class: "bk-field bk-search",
      placeholder: "Search",
      "aria-label": "Search",
      oninput,
    });
  }

  name(names) {
    // A label says what for, the button's own words what is chosen; without a label the hint has to be one.
    const [own, summary] = [newId(), newId()];
    Object.assign(this.trigger, { id: own });
    Object.assign(this.summary, { id: summary });
    for (const [name, value] of Object.entries(names)) if (value) this.trigger.setAttribute(name, value);
    this.trigger.setAttribute("aria-labelledby", `${names["aria-labelledby"] ?? own} ${summary}`);
    this.isNamedByHint = !names["aria-labelledby"];
  }

  opened() {
    this.before = this.stamp();
    (this.search ?? this.ticks.find((tick) => tick.checked) ?? this.ticks[0])?.focus();
  }

  closed(tell) {
    if (this.search) this.search.value = "";
    this.filter("");
    if (this.before !== this.stamp()) tell();
  }

  stamp() {
    return this.ticks.map((tick) => Number(tick.checked)).join("");
  }

  ticked() {
    this.show();
    this.changed();
  }

  show() {
    const hint = h("span", { class: "bk-hint", "aria-hidden": this.isNamedByHint ? "true" : null }, this.hint);
    const labels = this.chosen().map((entry) => h("span", { class: "bk-chip" }, isolated(entry.label)));
    replace(this.summary, labels.length ? labels : hint);
    const isFull = labels.length >= this.most;
    this.note.textContent =
      this.most < this.entries.length && isFull ? `No more than ${this.most} can be chosen.` : "";
    for (const tick of this.ticks) tick.disabled = isFull && !tick.checked;
  }

  filter(written) {
    const wanted = written.trim().toLowerCase();
    this.rows.forEach((row, index) => (row.hidden = !this.entries[index].label.toLowerCase().includes(wanted)));
  }

  move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const shown = this.ticks.filter((tick, index) => !this.rows[index].hidden && !tick.disabled);
    event.preventDefault();
    shown.at((shown.indexOf(document.activeElement) + step) % shown.length)?.focus();
  }
}

function sourceOf(element) {
  return SOURCES[
    asText(element.type)
      .replace(/^multi_/, "")
      .replace(/_select$/, "")
  ];
}

function naming(element, place) {
  return place.naming(placeholder(element, place, "Choose an option"));
}

function placeholder(element, place, fallback) {
  return textWords(element.placeholder, place.surface.context) || fallback;
}

function initialOf(element, source, place) {
  const { container } = place.surface.context;
  if (element.default_to_current_conversation === true && container?.channel) return container.channel;
  return element[`initial_${source.field}`] ?? null;
}

/** The entries, and in front of them what is chosen from the start but not among them. */
function withInitial(source, element, initial, place) {
  const entries = source.entries(element, place.surface.context);
  const missing = initial.filter((value) => indexOf(entries, source, value) === -1 && source.keyOf(value));
  const { context } = place.surface;
  return [...missing.map((value) => ({ value, label: labelOf(source, value, context) })), ...entries];
}

function labelOf(source, value, context) {
  if (source.field === "option") return textWords(asRecord(value).text, context) || valueOf(value);
  return source.field === "user" ? personName(value, context) : conversationName(value, context);
}

function indexOf(entries, source, value) {
  const key = source.keyOf(value);
  return entries.findIndex((entry) => source.keyOf(entry.value) === key);
}

function staticEntries(element, context) {
  const groups = asList(element.option_groups).map(asRecord);
  const inGroups = groups.flatMap((group) => optionEntries(group.options, context, textWords(group.label, context)));
  return inGroups.length ? inGroups : optionEntries(element.options, context);
}

function optionEntries(options, context, group) {
  return asList(options)
    .map(asRecord)
    .map((option) => ({
      value: option,
      label: textWords(option.text, context) || valueOf(option),
      detail: textWords(option.description, context),
      group,
    }));
}

function people(_, context) {
  const known = [...(context.people?.values() ?? [])];
  return sorted(known.map(({ id }) => ({ value: id, label: personName(id, context) })));
}

function channels(_, context) {
  const known = [...(context.conversations?.values() ?? [])];
  return conversationEntries(
    known.filter(({ kind }) => kind === "public"),
    context,
  );
}

function conversations(element, context) {
  const { include, exclude_external_shared_channels: noShared, exclude_bot_users: noBots } = asRecord(element.filter);
  const kinds = asList(include);
  const isWanted = (each) =>
    (!kinds.length || kinds.includes(each.kind)) &&
    !(noShared === true && each.is_shared) &&
    !(noBots === true && context.people?.get(each.with)?.is_bot);
  return conversationEntries([...(context.conversations?.values() ?? [])].filter(isWanted), context);
}

function conversationEntries(known, context) {
  const open = known.filter((each) => !each.is_archived);
  return sorted(open.map(({ id }) => ({ value: id, label: conversationName(id, context) })));
}

function sorted(entries) {
  return entries.sort((one, other) => one.label.localeCompare(other.label, "en"));
}

function optionNodes(entries) {
  const nodes = entries.map(({ label, detail }, index) =>
    h("option", { value: String(index) }, detail ? `${label} – ${detail}` : label),
  );
  return groupsOf(entries, nodes).flatMap(([label, inside]) => (label ? h("optgroup", { label }, inside) : inside));
}

function grouped(entries, rows) {
  return groupsOf(entries, rows).map(([label, inside]) => {
    if (!label) return inside;
    const id = newId();
    return h("div", { role: "group", "aria-labelledby": id }, h("div", { class: "bk-group", id }, label), inside);
  });
}

function groupsOf(entries, nodes) {
  const groups = new Map();
  entries.forEach(({ group = "" }, index) => groups.set(group, [...(groups.get(group) ?? []), nodes[index]]));
  return [...groups];
}

function optionRow({ label, detail }, tick) {
  const words = h("span", { class: "bk-choice-text" }, isolated(label));
  return h("label", { class: "bk-option" }, tick, words, detail && h("span", { class: "bk-choice-detail" }, detail));
}
