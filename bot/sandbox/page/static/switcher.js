// The quick switcher: a few letters lead to a conversation or a person.

import { openDialog } from "./dialogs.js";
import { h, isComposing, replace } from "./dom.js";
import { avatar, conversationIcon, conversationLabel, conversationName, roleName } from "./names.js";

const MOST = 30;

/**
 * Open the switcher.
 *
 * @param {Object} desk `store`, `unread`, and what can be done: `openConversation(id)`, `openPerson(id)`.
 */
export function openSwitcher(desk) {
  if (document.querySelector(".dialog-switcher")) return;
  const list = h("div", {
    class: "switcher-list",
    id: "switcher-list",
    role: "listbox",
    "aria-label": "Conversations and people",
  });
  const input = h("input", {
    class: "switcher-input",
    type: "text",
    role: "combobox",
    placeholder: "Where to?",
    autocomplete: "off",
    spellcheck: "false",
    "aria-label": "Find a conversation or a person",
    "aria-expanded": "true",
    "aria-controls": "switcher-list",
    "aria-autocomplete": "list",
  });
  const none = h("p", { class: "switcher-none", role: "status" });
  const dialog = openDialog("Go to", "dialog-switcher", input, list, none);
  const everything = placesOf(desk);
  let found = [];
  let at = 0;

  const highlight = (next) => {
    at = next;
    [...list.children].forEach((option, each) => option.setAttribute("aria-selected", String(each === at)));
    const option = list.children[at];
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  };
  const filter = () => {
    found = matching(everything, input.value).slice(0, MOST);
    replace(list, found.map(drawPlace));
    none.textContent = found.length === 0 ? "Nothing is called that." : "";
    highlight(0);
  };
  const choose = (place) => {
    if (!place) return;
    dialog.close();
    place.go();
  };
  input.addEventListener("input", filter);
  input.addEventListener("keydown", (event) => {
    const count = Math.max(1, found.length);
    if (event.key === "ArrowDown") highlight((at + 1) % count);
    else if (event.key === "ArrowUp") highlight((at + count - 1) % count);
    else if (event.key === "Enter" && !isComposing(event)) choose(found[at]);
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(found[Number(option.dataset.at)]);
  });
  filter();
  input.focus();
}

function placesOf({ store, unread, openConversation, openPerson }) {
  const conversations = [...store.conversations.values()].map((each) => ({
    id: each.id,
    picture: conversationIcon(each, store),
    label: conversationName(each, store),
    words: conversationLabel(each, store),
    note: each.is_archived ? "archived" : each.kind === "im" || each.is_member ? "" : "not joined",
    fresh: unread.waiting(each),
    go: () => openConversation(each.id),
  }));
  const spokenTo = new Set([...store.conversations.values()].map((each) => each.with));
  const people = [...store.people.values()]
    .filter((each) => each.id !== store.me && !spokenTo.has(each.id))
    .map((each) => ({
      id: each.id,
      picture: avatar(each, "small"),
      label: each.real_name,
      words: `${each.real_name} ${each.name}`,
      note: roleName(each.role),
      fresh: 0,
      go: () => openPerson(each.id),
    }));
  return [...conversations.sort((first, second) => second.fresh - first.fresh), ...people];
}

/** The places whose name has a word that begins so, then those that have it anywhere. */
function matching(places, typed) {
  const wanted = typed.trim().toLowerCase();
  if (wanted === "") return places;
  const begins = places.filter((each) =>
    each.words
      .toLowerCase()
      .split(/[\s#-]+/u)
      .some((word) => word.startsWith(wanted)),
  );
  const holds = places.filter((each) => !begins.includes(each) && each.words.toLowerCase().includes(wanted));
  return [...begins, ...holds];
}

function drawPlace(place, at) {
  return h(
    "div",
    { class: "switcher-place", role: "option", id: `switcher-${at}`, "aria-selected": "false", dataset: { at } },
    h("span", { class: "link-sign" }, place.picture),
    h("bdi", { class: "link-name" }, place.label),
    place.note && h("span", { class: "link-note" }, place.note),
    place.fresh > 0 && h("span", { class: "count" }, String(place.fresh)),
  );
}
