// The left side: who one is, the channels, direct messages and apps, and what is new in them.

import { h } from "./dom.js";
import { icon, iconButton } from "./icons.js";
import { appConversation, avatar, conversationIcon, conversationName, roleName } from "./names.js";
import { menuAt } from "./popover.js";
import { redraw } from "./redraw.js";
import { hashOf } from "./route.js";
import { chooseTheme, chosenTheme, THEMES } from "./theme.js";

export class Sidebar {
  #root;
  #desk;
  #head = h("div", { class: "sidebar-head" });
  #lists = h("div", { class: "sidebar-lists" });
  #foot = h("div", { class: "sidebar-foot" });

  /**
   * @param {HTMLElement} root
   * @param {Object} desk `store`, `unread`, and what can be done: `switchPerson`, `openConversation`, `openApp`,
   *     `openSwitcher`, `openHelp`, `closeDrawer`.
   */
  constructor(root, desk) {
    this.#root = root;
    this.#desk = desk;
    root.append(this.#head, this.#lists, this.#foot);
    root.addEventListener("keydown", (event) => this.#onKey(event));
    this.#drawFoot();
  }

  /** Show the state; `current` is the conversation that is open. */
  update(current) {
    const { store, unread } = this.#desk;
    const { state } = store;
    if (!state) return;
    const people = state.people.filter((each) => each.can_act);
    redraw(this.#head, [state.workspace.name, store.me, people], () => this.#drawHead(state, people));
    const entries = this.#entries(current, unread);
    redraw(this.#lists, [entries, state.app, state.bot, store.people.size], () => this.#drawLists(entries, state));
  }

  #entries(current, unread) {
    const { store } = this.#desk;
    const bot = store.state.app.bot_user;
    const app = appConversation(store);
    const entry = (conversation) => ({
      ...conversation,
      label: conversationName(conversation, store),
      isCurrent: conversation.id === current,
      fresh: conversation.id === current ? 0 : unread.waiting(conversation),
    });
    const all = [...store.conversations.values()];
    return {
      channels: all
        .filter((each) => each.kind !== "im")
        .map(entry)
        .sort(byName),
      direct: all
        .filter((each) => each.kind === "im" && each.with !== bot)
        .map(entry)
        .sort(byName),
      app: app ? entry(app) : null,
    };
  }

  #drawHead(state, people) {
    const { myself } = this.#desk.store;
    const button = h(
      "button",
      {
        class: "person-button",
        type: "button",
        title: "Act as somebody else",
        dataset: { key: "person" },
      },
      avatar(myself),
      h(
        "span",
        { class: "person-words" },
        h("span", { class: "person-caption" }, `You are · ${roleName(myself.role)}`),
        h("bdi", { class: "person-name" }, myself.real_name),
      ),
      icon("chevron"),
    );
    menuAt(button, "You are", () => this.#peopleItems(people));
    const close = iconButton("Close menu", "close", this.#desk.closeDrawer, { class: "icon-button only-narrow" });
    const search = iconButton("Go to a conversation", "search", this.#desk.openSwitcher, {
      title: "Go to a conversation (Ctrl K)",
      dataset: { key: "search" },
    });
    return [
      h(
        "div",
        { class: "workspace-row" },
        h("p", { class: "workspace-name" }, h("bdi", {}, state.workspace.name)),
        search,
        close,
      ),
      h("p", { class: "workspace-note" }, "A simulated Slack workspace"),
      button,
    ];
  }

  #peopleItems(people) {
    return people.map((person) => ({
      label: person.real_name,
      badge: roleName(person.role),
      detail: person.title,
      picture: avatar(person),
      isChecked: person.id === this.#desk.store.me,
      onSelect: () => this.#desk.switchPerson(person.id),
    }));
  }

  #drawLists({ channels, direct, app }, state) {
    const open = channels.filter((each) => !each.is_archived);
    const archived = channels.filter((each) => each.is_archived);
    const newMessage = iconButton("New direct message", "plus", this.#desk.openSwitcher, {
      class: "icon-button is-small",
      dataset: { key: "new-message" },
    });
    return [
      section(
        "Channels",
        [...open, ...archived].map((each) => this.#link(each)),
      ),
      section(
        "Direct messages",
        direct.map((each) => this.#link(each)),
        newMessage,
      ),
      section("Apps", [this.#appLink(app, state)]),
    ];
  }

  #link(entry) {
    const marks = [];
    if (entry.is_shared) marks.push(mark("shared", "shared with another organization"));
    if (entry.is_archived) marks.push(mark("archive", "archived"));
    const isOutside = entry.kind !== "im" && !entry.is_member && !entry.is_archived;
    return h(
      "li",
      {},
      h(
        "a",
        {
          class: linkClasses(entry, isOutside),
          href: hashOf({ channel: entry.id }),
          "aria-current": entry.isCurrent ? "page" : null,
          dataset: { key: entry.id },
          onclick: (event) => this.#open(event, entry.id),
        },
        h("span", { class: "link-sign" }, conversationIcon(entry, this.#desk.store)),
        h("bdi", { class: "link-name" }, entry.label),
        aside(kindOf(entry)),
        marks,
        isOutside && h("span", { class: "link-note" }, "not joined"),
        entry.fresh > 0 && countBadge(entry.fresh),
      ),
    );
  }

  #appLink(entry, state) {
    const bot = this.#desk.store.people.get(state.app.bot_user) ?? {
      id: "app",
      real_name: state.app.name,
      is_bot: true,
    };
    const isUp = state.bot.state === "up";
    const fresh = entry?.fresh ?? 0;
    return h(
      "li",
      {},
      h(
        "a",
        {
          class: linkClasses({ ...entry, fresh }, false),
          href: entry ? hashOf({ channel: entry.id }) : "#",
          "aria-current": entry?.isCurrent ? "page" : null,
          dataset: { key: "app" },
          onclick: (event) => this.#openApp(event),
        },
        h("span", { class: "link-sign" }, avatar(bot, "small")),
        h("bdi", { class: "link-name" }, state.app.name),
        h("span", { class: isUp ? "presence is-up" : "presence", title: isUp ? "Running" : "Not running" }),
        aside(isUp ? "running" : "not running"),
        fresh > 0 && countBadge(fresh),
      ),
    );
  }

  #open(event, id) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.#desk.openConversation(id);
  }

  #openApp(event) {
    event.preventDefault();
    this.#desk.openApp();
  }

  #drawFoot() {
    const chosen = THEMES.find((each) => each.id === chosenTheme());
    const theme = h(
      "button",
      { class: "quiet-button", type: "button", "aria-label": `Theme: ${chosen.label}` },
      icon(chosen.icon),
      chosen.label,
    );
    menuAt(theme, "Theme", () => this.#themeItems());
    const help = h(
      "button",
      { class: "quiet-button", type: "button", onclick: () => this.#desk.openHelp() },
      icon("help"),
      "Help",
    );
    this.#foot.replaceChildren(theme, help);
  }

  #themeItems() {
    return THEMES.map((theme) => ({
      label: theme.label,
      picture: icon(theme.icon),
      isChecked: theme.id === chosenTheme(),
      onSelect: () => {
        chooseTheme(theme.id);
        this.#drawFoot();
        this.#foot.querySelector("button").focus();
      },
    }));
  }

  /** Up and down lead from one conversation to the next. */
  #onKey(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const links = [...this.#root.querySelectorAll("a.link")];
    const at = links.indexOf(document.activeElement);
    if (at < 0) return;
    event.preventDefault();
    links[(at + (event.key === "ArrowDown" ? 1 : links.length - 1)) % links.length].focus();
  }
}

function section(title, entries, button) {
  const id = `sidebar-${title.toLowerCase().replaceAll(" ", "-")}`;
  return h(
    "section",
    { class: "sidebar-section", "aria-labelledby": id },
    h("div", { class: "sidebar-title" }, h("h2", { id }, title), button),
    h("ul", {}, entries),
  );
}

function mark(sign, title) {
  return h("span", { class: "link-mark", title }, icon(sign), aside(title));
}

function countBadge(count) {
  return h("span", { class: "count" }, count > 99 ? "99+" : String(count), aside(" new"));
}

/** What is seen from the way it is drawn, for who does not see it. */
function aside(words) {
  return words && h("span", { class: "visually-hidden" }, words);
}

function kindOf({ kind }) {
  if (kind === "im") return "";
  return kind === "private" ? "private channel" : "channel";
}

function linkClasses(entry, isOutside) {
  const classes = ["link"];
  if (entry.isCurrent) classes.push("is-current");
  if (entry.fresh > 0) classes.push("is-unread");
  if (entry.is_archived) classes.push("is-archived");
  if (isOutside) classes.push("is-outside");
  return classes.join(" ");
}

function byName(first, second) {
  return first.label.localeCompare(second.label, "en");
}
