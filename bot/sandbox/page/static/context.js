// What the renderer of blocks is told about where it draws, and what happens when somebody uses what it drew.

import { knownZone } from "./times.js";

export class Contexts {
  #store;
  #toasts;

  constructor(store, toasts) {
    this.#store = store;
    this.#toasts = toasts;
  }

  /** The context of a message's blocks. */
  ofMessage(message) {
    return this.#make("message", { type: "message", channel: message.channel, ts: message.ts });
  }

  /** The context of the app's Home tab. */
  ofHome(view) {
    return this.#make("home", { type: "view", view_id: view.id });
  }

  /** The context of modal dialogs; which view is meant, each action says itself. */
  ofModals() {
    return this.#make("modal", null);
  }

  /** A context for words that stand nowhere in particular. */
  plain() {
    return this.#make("message", null);
  }

  #make(surface, container) {
    const store = this.#store;
    return {
      surface,
      container,
      people: store.people,
      conversations: store.conversations,
      usergroups: store.usergroups,
      get me() {
        return store.me;
      },
      now: () => store.now(),
      get timeZone() {
        return knownZone(store.myself.tz);
      },
      onAction: (action) => this.#click(action, container),
      onSubmit: (view, values) => store.act({ do: "submit", view_id: view.id, values }),
      onCloseView: (view, isCleared) => this.#closeView(view, isCleared),
    };
  }

  async #click(action, container) {
    const { block_id, action_id, state = {}, values = {} } = action;
    const where = action.container ?? container;
    const answer = await this.#store.act({ do: "click", container: where, block_id, action_id, state, values });
    if (!answer.ok) this.#toasts.error(answer.error);
    return answer;
  }

  async #closeView(view, isCleared) {
    const answer = await this.#store.act({
      do: "close_view",
      view_id: view.id ?? view,
      is_cleared: Boolean(isCleared),
    });
    if (!answer.ok) this.#toasts.error(answer.error);
    return answer;
  }
}
