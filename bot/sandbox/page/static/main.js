// The page's beginning: puts the parts together, and carries what people do from one part to the other.

import { Contexts } from "./context.js";
import { ConversationPane } from "./conversation.js";
import { ask } from "./kit/confirm.js";
import { refreshDates } from "./kit/dates.js";
import { openHelp } from "./dialogs.js";
import { isComposing } from "./dom.js";
import { Drawers } from "./drawers.js";
import { ModalHost } from "./kit/modal.js";
import { appConversation, conversationLabel } from "./names.js";
import { Panel } from "./panel.js";
import { messageAt } from "./permalinks.js";
import { closePopovers } from "./popover.js";
import { correct, currentRoute, go, rememberPerson, startPerson } from "./route.js";
import { Sidebar } from "./sidebar.js";
import { StatusLine } from "./status.js";
import { Store } from "./store.js";
import { openSwitcher } from "./switcher.js";
import { ThreadPane } from "./thread.js";
import { Toasts } from "./toast.js";
import { Unread } from "./unread.js";

const DATES_EVERY_MS = 30_000;
const CLOCK_EVERY_MS = 1_000;

const DELETING = {
  title: "Delete this message?",
  text: "Everybody loses it, and it cannot be brought back.",
  confirm: "Delete",
  style: "danger",
};

const byId = (id) => document.getElementById(id);
const touch = window.matchMedia("(pointer: coarse)");

class Page {
  #store = new Store(startPerson());
  #toasts = new Toasts(byId("toasts"));
  #unread = new Unread(this.#store);
  #contexts = new Contexts(this.#store, this.#toasts, (mention) => this.#openMention(mention));
  #modals = new ModalHost(byId("modals"), this.#contexts.plain());
  #drawers;
  #status;
  #sidebar;
  #pane;
  #thread;
  #panel;
  #shownViews = null;
  #offset = 0;
  #openedHome = "";

  constructor() {
    const desk = this.#desk();
    const elements = ["sidebar", "panel", "scrim", "conversation", "thread"].map((id) => [id, byId(id)]);
    this.#drawers = new Drawers(Object.fromEntries(elements), () => this.#update());
    this.#status = new StatusLine(byId("status"), this.#store);
    this.#sidebar = new Sidebar(byId("sidebar"), desk);
    this.#pane = new ConversationPane(byId("conversation"), desk);
    this.#thread = new ThreadPane(byId("thread"), desk);
    this.#panel = new Panel(byId("panel"), desk);
    this.#listen();
    this.#store.subscribe(() => this.#update());
    this.#update();
    this.#store.start();
  }

  /** What the parts are given to work with. */
  #desk() {
    return {
      store: this.#store,
      toasts: this.#toasts,
      unread: this.#unread,
      contexts: this.#contexts,
      switchPerson: (id) => this.#switchPerson(id),
      openConversation: (id) => this.#openConversation(id),
      openPerson: (id) => this.#openPerson(id),
      openApp: () => this.#openPerson(this.#store.state?.app.bot_user),
      openThread: (message) => this.#openThread(message),
      closeThread: () => this.#closeThread(),
      openTab: (tab) => go({ channel: this.#route().channel, tab }),
      manage: (action, conversation) => this.#do({ do: action, channel: conversation.id }),
      deleteMessage: (message) => this.#deleteMessage(message),
      useShortcut: ({ callback_id }, { channel, ts }) => this.#do({ do: "shortcut", callback_id, channel, ts }),
      openSidebar: () => this.#drawers.openSidebar(),
      closeDrawer: () => this.#drawers.close(),
      togglePanel: () => this.#togglePanel(),
      closePanel: () => this.#drawers.keepPanel(false),
      openSwitcher: () => this.#openSwitcher(),
      openHelp,
    };
  }

  #listen() {
    window.addEventListener("hashchange", () => this.#onRoute());
    document.addEventListener("click", (event) => this.#onLink(event));
    document.addEventListener("auxclick", (event) => this.#onLink(event));
    document.addEventListener("keydown", (event) => this.#onKey(event));
    document.addEventListener("visibilitychange", () => this.#onVisibility());
    byId("skip").addEventListener("click", (event) => {
      event.preventDefault();
      this.#composer().focus();
    });
    setInterval(() => this.#refreshDates(), DATES_EVERY_MS);
    setInterval(() => this.#panel.tick(), CLOCK_EVERY_MS);
  }

  /** Where the person is; somewhere they may be, whatever the address says. */
  #route() {
    const route = currentRoute();
    const { conversations, state } = this.#store;
    if (!state || conversations.has(route.channel)) return route;
    return { channel: this.#firstConversation(), thread: null, tab: "messages" };
  }

  #firstConversation() {
    const all = [...this.#store.conversations.values()];
    const channels = all.filter((each) => each.kind !== "im" && each.is_member && !each.is_archived);
    const general = channels.find((each) => each.name === "general");
    return (general ?? channels[0] ?? appConversation(this.#store) ?? all[0])?.id ?? "";
  }

  #update() {
    const { state, conversations } = this.#store;
    this.#status.update();
    this.#unread.update();
    const route = this.#route();
    if (state && route.channel !== currentRoute().channel) correct(route);
    if (state) rememberPerson(this.#store.me);
    const conversation = conversations.get(route.channel) ?? null;
    // A place is drawn before it counts as looked at: what is new in it gets its line.
    this.#thread.update(conversation, route.thread);
    if (route.thread) this.#look(route.channel, route.thread);
    this.#pane.update(conversation, {
      tab: route.tab,
      isPanelOpen: this.#drawers.isPanelOpen && !(route.thread && !this.#drawers.isOver),
      hasNews: this.#news(route.channel) > 0,
    });
    if (!this.#isHome(route)) this.#look(route.channel);
    this.#sidebar.update(route.channel);
    this.#panel.update();
    this.#drawers.apply(Boolean(conversation && route.thread));
    this.#showViews();
    this.#showTitle(conversation);
    this.#followClock();
    this.#openHome(route);
  }

  #look(channel, thread = null) {
    if (this.#store.state && document.visibilityState === "visible") this.#unread.look(channel, thread);
  }

  #isHome({ tab }) {
    return tab === "home" && Boolean(this.#store.state?.home.enabled);
  }

  /** How much is new, apart from one conversation. */
  #news(except = null) {
    const others = [...this.#store.conversations.values()].filter((each) => each.id !== except);
    return others.reduce((sum, each) => sum + this.#unread.waiting(each), 0);
  }

  #showViews() {
    const views = this.#store.state?.views;
    // Only a new answer brings new views: what people type in a dialog is left alone otherwise.
    if (!views || views === this.#shownViews) return;
    this.#shownViews = views;
    this.#modals.show(views);
  }

  #showTitle(conversation) {
    const { state } = this.#store;
    if (!state) return;
    const fresh = this.#news();
    const name = conversation ? `${conversationLabel(conversation, this.#store)} · ` : "";
    const title = `${fresh > 0 ? `(${fresh}) ` : ""}${name}${state.workspace.name} · Hub Bot sandbox`;
    if (document.title !== title) document.title = title;
  }

  #followClock() {
    const offset = this.#store.state?.clock.offset_seconds ?? 0;
    if (offset === this.#offset) return;
    this.#offset = offset;
    this.#refreshDates();
  }

  #refreshDates() {
    const roots = [...this.#pane.dated, ...this.#thread.dated, byId("modals")];
    for (const root of roots) {
      try {
        refreshDates(root, this.#contexts.plain());
      } catch (error) {
        console.error(error);
      }
    }
    if (this.#store.state) this.#update();
  }

  /** Tell the app that its home is looked at, once for each visit. */
  #openHome(route) {
    const visit = this.#isHome(route) ? `${this.#store.me}/${route.channel}` : "";
    if (visit === this.#openedHome) return;
    this.#openedHome = visit;
    if (visit) this.#do({ do: "open_home" });
  }

  #onRoute() {
    closePopovers();
    this.#update();
  }

  #onVisibility() {
    if (document.visibilityState === "hidden") this.#pane.lookAway();
    else this.#update();
  }

  #switchPerson(id) {
    if (id === this.#store.me) return;
    this.#store.switchTo(id);
    rememberPerson(id);
  }

  #openConversation(id) {
    this.#drawers.close();
    go({ channel: id });
    if (!touch.matches) this.#composer().focus();
  }

  async #openPerson(id) {
    if (!id) return;
    const direct = () => [...this.#store.conversations.values()].find((each) => each.kind === "im" && each.with === id);
    if (!direct() && !(await this.#do({ do: "open_im", user: id }))) return;
    const conversation = await this.#store.until(direct);
    if (conversation) this.#openConversation(conversation.id);
    else this.#toasts.error("The direct message did not open.");
  }

  #openMention({ kind, id }) {
    if (kind === "user") this.#openPerson(id);
    else this.#openConversation(id);
  }

  #openThread(message) {
    go({ channel: message.channel, thread: message.thread_ts ?? message.ts });
    this.#update();
    if (!touch.matches) this.#thread.composer.focus();
  }

  /** Follow a link to a message of this workspace here: its real host has never heard of it. */
  #onLink(event) {
    const link = event.target.closest?.("a[href]");
    const place = link && messageAt(link.href, this.#store.state?.workspace.domain);
    if (!place) return;
    event.preventDefault();
    this.#openMessage(place);
  }

  #openMessage({ channel, ts }) {
    const message = this.#store.message(channel, ts);
    if (!message) return this.#toasts.error("You do not see that message, or it is gone.");
    const isReply = Boolean(message.thread_ts) && message.thread_ts !== ts;
    this.#drawers.close();
    go({ channel, thread: isReply ? message.thread_ts : null });
    this.#update();
    (isReply ? this.#thread : this.#pane).show(ts);
  }

  #closeThread() {
    const { channel, thread } = this.#route();
    if (!thread) return;
    go({ channel });
    this.#update();
    const link = byId("conversation").querySelector(`.message[data-ts="${CSS.escape(thread)}"] .thread-link`);
    if (link) link.focus();
    else if (!touch.matches) this.#pane.composer.focus();
  }

  #togglePanel() {
    // A thread stands in the panel's place: whoever asks for the panel wants to see it.
    if (this.#route().thread && !this.#drawers.isOver) {
      this.#closeThread();
      this.#drawers.keepPanel(true);
    } else {
      this.#drawers.togglePanel();
    }
  }

  async #deleteMessage(message) {
    // What only this person sees is gone in any case before long.
    const isSure =
      message.is_ephemeral ||
      (await ask(DELETING, this.#contexts.plain()));
    if (isSure) await this.#do({ do: "delete_message", channel: message.channel, ts: message.ts });
  }

  /** Do something as the acting person, and say so when it fails. */
  async #do(body) {
    const answer = await this.#store.act(body);
    if (!answer.ok) this.#toasts.error(answer.error);
    return answer.ok;
  }

  #openSwitcher() {
    const isSidebarOver = this.#drawers.isOver;
    if (isSidebarOver) this.#drawers.close();
    if (this.#store.state) openSwitcher(this.#desk());
  }

  #composer() {
    return this.#route().thread ? this.#thread.composer : this.#pane.composer;
  }

  #onKey(event) {
    const isModal = document.querySelector("dialog[open]") !== null;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (!isModal) this.#openSwitcher();
    } else if (isModal || event.defaultPrevented || isComposing(event)) {
      return;
    } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      this.#step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "?" && !isWriting(event.target)) {
      event.preventDefault();
      openHelp();
    } else if (event.key === "Escape") {
      this.#escape();
    }
  }

  /** Close one thing: what lies over the conversation, else the thread. */
  #escape() {
    if (this.#drawers.isOver) this.#drawers.close();
    else if (this.#route().thread) this.#closeThread();
  }

  /** Go to the next or the previous conversation of the sidebar. */
  #step(by) {
    const { conversations } = this.#store;
    const links = [...document.querySelectorAll("#sidebar a.link")];
    const ids = links.map((each) => each.hash.slice(1)).filter((id) => conversations.has(id));
    if (ids.length === 0) return;
    const at = ids.indexOf(this.#route().channel);
    this.#openConversation(ids[(at + by + ids.length) % ids.length]);
  }
}

function isWriting(element) {
  return Boolean(element.closest?.("input, textarea, select, [contenteditable]"));
}

new Page();
