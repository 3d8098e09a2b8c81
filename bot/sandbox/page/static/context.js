// What the renderer of blocks is told about where it draws, and what happens when somebody uses what it drew.

export class Contexts {
  #store;
  #toasts;
  #onOpen;

  /**
   * @param {Object} store
   * @param {Object} toasts
   * @param {function({kind: string, id: string}): void} onOpen Goes to the person or channel of a mention.
   */
  constructor(store, toasts, onOpen) {
    this.#store = store;
    this.#toasts = toasts;
    this.#onOpen = onOpen;
  }

  /** The context of a message's blocks; `part` names an attachment, whose blocks may have the same ids. */
  ofMessage(message, part = "") {
    const container = { type: "message", channel: message.channel, ts: message.ts };
    return this.#make(container, part);
  }

  /** The context of the app's Home tab. */
  ofHome(view) {
    return this.#make({ type: "view", view_id: view.id });
  }

  /** A context for words that stand nowhere in particular, and for modal dialogs, which know their view themselves. */
  plain() {
    return this.#make(null);
  }

  #make(container, part = "") {
    const store = this.#store;
    return {
      container,
      part,
      people: store.people,
      conversations: store.conversations,
      usergroups: store.usergroups,
      get me() {
        return store.me;
      },
      now: () => store.now(),
      get timeZone() {
        return store.myself.tz;
      },
      onOpen: container && this.#onOpen,
      onAction: (action) => this.#click(action, container),
      onSubmit: (view, values) => store.act({ do: "submit", view_id: view.id, values }),
      onCloseView: (view) => this.#closeView(view),
    };
  }

  async #click(action, container) {
    const { block_id, action_id, state = {}, values = {} } = action;
    const where = action.container ?? container;
    const answer = await this.#store.act({ do: "click", container: where, block_id, action_id, state, values });
    if (!answer.ok) this.#toasts.error(answer.error);
    return answer;
  }

  async #closeView(view) {
    const answer = await this.#store.act({ do: "close_view", view_id: view.id });
    if (!answer.ok) this.#toasts.error(answer.error);
    return answer;
  }
}
