// The middle: a conversation's line, its messages or the app's home, and the box to write in.

import { Composer } from "./composer.js";
import { h, replace } from "./dom.js";
import { Header } from "./header.js";
import { icon } from "./icons.js";
import { MessageList } from "./messages.js";
import { renderBlocks } from "./kit/blocks.js";
import { conversationIcon, conversationLabel, conversationName } from "./names.js";
import { isInChannel } from "./unread.js";

const MOST_TIPS = 3;

export class ConversationPane {
  composer;
  #desk;
  #header;
  #list;
  #home = h("div", { class: "home", hidden: true, role: "tabpanel", "aria-labelledby": "tab-home" });
  #homeSignature = "";
  #empty = h("div", { class: "nothing", hidden: true });
  #place = "";
  #newSince = null;

  /**
   * @param {HTMLElement} root
   * @param {Object} desk As all its parts want it.
   */
  constructor(root, desk) {
    this.#desk = desk;
    this.#header = new Header(desk);
    this.#list = new MessageList(desk, { label: "Messages" });
    this.composer = new Composer(desk.store, desk.toasts, { onSent: () => this.#list.toEnd() });
    root.append(this.#header.element, this.#empty, this.#list.element, this.#home, this.composer.element);
  }

  /** What holds rendered blocks and dates. */
  get dated() {
    return [this.#list.log, this.#home];
  }

  /**
   * Show a conversation.
   *
   * @param {Object|null} conversation Null when there is none to show.
   * @param {Object} view `tab`, `isPanelOpen`, `hasNews`.
   */
  update(conversation, view) {
    const { store } = this.#desk;
    this.#header.update(conversation, view);
    const isHome = Boolean(conversation) && view.tab === "home" && store.state.home.enabled;
    this.#list.element.hidden = !conversation || isHome;
    this.composer.element.hidden = !conversation || isHome;
    this.#home.hidden = !isHome;
    this.#empty.hidden = Boolean(conversation);
    if (!conversation) this.#empty.textContent = store.state ? "There is no conversation to show." : "Connecting…";
    else if (isHome) this.#showHome(store.state.home.view);
    else this.#showMessages(conversation);
  }

  /** Show one of the messages, as somebody who followed a link to it wants. */
  show(ts) {
    this.#list.toMessage(ts);
  }

  /** The reader looks away: what comes now is new when they come back. */
  lookAway() {
    this.#newSince = null;
  }

  #showMessages(conversation) {
    const { store, unread } = this.#desk;
    const place = `${store.me}/${conversation.id}`;
    const fresh = unread.isKnown(conversation.id) ? (unread.fresh(conversation.id)[0]?.ts ?? null) : null;
    if (place !== this.#place) this.#newSince = fresh;
    else if (document.visibilityState === "hidden") this.#newSince ??= fresh;
    this.#place = place;
    const all = store.messagesOf(conversation.id);
    const threads = threadsOf(all);
    const messages = all.filter(isInChannel);
    const isApp = conversation.with !== null && conversation.with === store.state.app.bot_user;
    // Who comes and goes says nothing yet.
    const isFresh = !messages.some((each) => each.subtype !== "channel_join" && each.subtype !== "channel_leave");
    const tips = isFresh ? store.state.app.tips.slice(0, MOST_TIPS) : [];
    this.#list.show({
      place,
      label: `Messages in ${conversationLabel(conversation, store)}`,
      messages,
      newSince: this.#newSince,
      threadOf: (message) => this.#threadOf(message, threads),
      intro: {
        signature: [place, conversation, tips, store.epoch],
        build: () => this.#intro(conversation, isApp, conversation.is_archived ? [] : tips),
      },
    });
    this.composer.write({
      channel: conversation.id,
      thread: null,
      label: `Message ${conversationLabel(conversation, store)}`,
      ...this.#closed(conversation),
    });
  }

  #threadOf(message, threads) {
    const replies = threads.get(message.ts);
    if (!replies && message.reply_count === 0) return {};
    return {
      replies: replies ?? [],
      freshReplies: this.#desk.unread.fresh(message.channel, message.ts).length,
    };
  }

  #closed(conversation) {
    const { manage } = this.#desk;
    if (conversation.is_archived) {
      const words = "This channel is archived: nobody can write here.";
      return closedBar(words, "Unarchive", () => manage("unarchive", conversation), [conversation.id, "archived"]);
    }
    if (conversation.is_read_only) {
      const words = "Only the app writes here. Use its command in a channel.";
      return closedBar(words, null, null, [conversation.id, "read only"]);
    }
    if (conversation.kind === "im" || conversation.is_member) return {};
    const label = conversationLabel(conversation, this.#desk.store);
    const words = `You are looking at ${label} from outside.`;
    return closedBar(words, "Join channel", () => manage("join", conversation), [conversation.id, "outside", label]);
  }

  #intro(conversation, isApp, tips) {
    const { store } = this.#desk;
    const { app } = store.state;
    const name = conversationName(conversation, store);
    const about = isApp
      ? `${app.description || "This app answers here."} Its answers are for your eyes only until you share them.`
      : conversation.topic ||
        (conversation.kind === "im" ? "Only the two of you can read this." : "This is where it begins.");
    return [
      h("div", { class: "intro-sign" }, conversationIcon(conversation, store)),
      h("h2", { class: "intro-name" }, h("bdi", {}, name)),
      h("p", { class: "intro-about" }, about),
      tips.length > 0 && !conversation.is_read_only && (conversation.is_member || conversation.kind === "im") && this.#tips(tips),
    ];
  }

  #tips(tips) {
    const card = (tip) =>
      h(
        "button",
        { class: "tip", type: "button", onclick: () => this.composer.fill(tip) },
        h("code", {}, tip),
        icon("send"),
      );
    return [
      h("h3", { class: "tips-title" }, tips.length === 3 ? "Three things to try" : "Things to try"),
      h("div", { class: "tips" }, tips.map(card)),
    ];
  }

  #showHome(view) {
    const { contexts, store } = this.#desk;
    const signature = JSON.stringify([store.me, view?.id, view?.hash, store.epoch]);
    if (signature === this.#homeSignature) return;
    this.#homeSignature = signature;
    if (!view) return void replace(this.#home, h("p", { class: "nothing" }, "This app has nothing on its home yet."));
    try {
      replace(this.#home, renderBlocks(view.blocks, contexts.ofHome(view)));
    } catch (error) {
      console.error(error);
      replace(this.#home, h("p", { class: "nothing" }, "The app's home cannot be shown."));
    }
  }
}

/** The replies by thread, oldest first. */
function threadsOf(messages) {
  const threads = new Map();
  for (const message of messages) {
    if (!message.thread_ts || message.thread_ts === message.ts) continue;
    if (!threads.has(message.thread_ts)) threads.set(message.thread_ts, []);
    threads.get(message.thread_ts).push(message);
  }
  return threads;
}

/** Stand in for the composer: words, and a button unless there is nothing that one could do. */
function closedBar(words, label, onclick, signature) {
  const button = () => label && h("button", { class: "button is-primary", type: "button", onclick }, label);
  return { closedSignature: signature, closed: () => [h("p", {}, words), button()] };
}
