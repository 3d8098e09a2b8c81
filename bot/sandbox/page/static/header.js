// The line above a conversation: its name, topic and members, what can be done with it, and the app's tabs.

import { h } from "./dom.js";
import { icon, iconButton } from "./icons.js";
import { conversationIcon, conversationName, counted } from "./names.js";
import { menuAt } from "./popover.js";
import { redraw } from "./redraw.js";

export class Header {
  element = h("header", { class: "header" });
  #desk;

  /**
   * @param {Object} desk `store`, and what can be done: `openSidebar`, `togglePanel`, `openTab`, `manage(action)`.
   */
  constructor(desk) {
    this.#desk = desk;
  }

  /**
   * Show a conversation's line.
   *
   * @param {Object|null} conversation
   * @param {Object} view `tab`, `isPanelOpen`, `hasNews` (something is new elsewhere).
   */
  update(conversation, view) {
    const { store } = this.#desk;
    const isApp = Boolean(conversation?.with && conversation.with === store.state?.app.bot_user);
    const hasTabs = isApp && store.state.home.enabled;
    const signature = [conversation, view, hasTabs, store.epoch, store.state?.app.name, store.state?.app.description];
    redraw(this.element, signature, () => [
      h(
        "div",
        { class: "header-row" },
        this.#menuButton(view),
        this.#title(conversation, isApp),
        this.#buttons(conversation, view),
      ),
      hasTabs && this.#tabs(view.tab),
    ]);
  }

  #menuButton({ hasNews }) {
    const label = hasNews ? "Open menu, there are new messages" : "Open menu";
    const look = { class: "icon-button only-narrow menu-button", dataset: { key: "menu" } };
    const button = iconButton(label, "menu", this.#desk.openSidebar, look);
    if (hasNews) button.append(h("span", { class: "news-dot" }));
    return button;
  }

  #title(conversation, isApp) {
    if (!conversation) return h("div", { class: "header-words" });
    const { store } = this.#desk;
    const person = store.people.get(conversation.with);
    const topic = isApp ? store.state.app.description : (person?.title ?? conversation.topic);
    return h(
      "div",
      { class: "header-words" },
      h(
        "h1",
        { class: "header-name" },
        h("span", { class: "header-sign" }, conversationIcon(conversation, store)),
        h("bdi", {}, conversationName(conversation, store)),
        isApp && h("span", { class: "chip is-app" }, "App"),
        conversation.is_shared && h("span", { class: "chip", title: "Shared with another organization" }, "Shared"),
        conversation.is_archived && h("span", { class: "chip" }, "Archived"),
      ),
      topic && h("p", { class: "header-topic", title: topic }, topic),
    );
  }

  #buttons(conversation, { isPanelOpen }) {
    const buttons = [];
    if (conversation && conversation.kind !== "im") {
      const members = counted(conversation.member_count, "member");
      buttons.push(h("span", { class: "header-members", title: members }, icon("people"), h("span", {}, members)));
      buttons.push(this.#actionsButton(conversation));
    }
    buttons.push(
      iconButton("Simulation controls", "sliders", this.#desk.togglePanel, {
        class: isPanelOpen ? "icon-button is-pressed" : "icon-button",
        "aria-expanded": String(isPanelOpen),
        "aria-controls": "panel",
        dataset: { key: "panel" },
      }),
    );
    return h("div", { class: "header-buttons" }, buttons);
  }

  #actionsButton(conversation) {
    const button = iconButton("Channel actions", "more", null, { dataset: { key: "actions" } });
    menuAt(button, "Channel actions", () => this.#actions(conversation));
    return button;
  }

  #actions(conversation) {
    const { name } = this.#desk.store.state.app;
    const item = (label, sign, action, isDanger = false) => ({
      label,
      picture: icon(sign),
      isDanger,
      onSelect: () => this.#desk.manage(action, conversation),
    });
    if (conversation.is_archived) return [item("Unarchive channel", "archive", "unarchive")];
    const actions = [];
    if (!conversation.is_member) actions.push(item("Join channel", "plus", "join"));
    if (conversation.bot_is_member) actions.push(item(`Remove ${name}`, "bot", "remove_bot"));
    else actions.push(item(`Invite ${name}`, "bot", "invite_bot"));
    actions.push(item("Archive channel", "archive", "archive"));
    if (conversation.is_member) actions.push(item("Leave channel", "leave", "leave", true));
    return actions;
  }

  #tabs(current) {
    const tab = (id, label) =>
      h(
        "button",
        {
          class: "tab",
          type: "button",
          role: "tab",
          id: `tab-${id}`,
          "aria-selected": String(id === current),
          tabindex: id === current ? "0" : "-1",
          dataset: { key: `tab-${id}` },
          onclick: () => this.#desk.openTab(id),
        },
        label,
      );
    const onkeydown = (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const other = [...event.currentTarget.children].find((each) => each !== document.activeElement);
      other?.focus();
      other?.click();
    };
    return h(
      "div",
      { class: "tabs", role: "tablist", "aria-label": "App", onkeydown },
      tab("home", "Home"),
      tab("messages", "Messages"),
    );
  }
}
