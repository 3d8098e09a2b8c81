// One message or view while it is shown: which of its elements hold values, and how an action leaves it.

import { memoryOf } from "./kept.js";

/** Knows all stateful elements of one message or view. */
export class Surface {
  /** @param {Object} context As `renderBlocks` gets it. */
  constructor(context) {
    this.context = context;
    this.memory = memoryOf(context);
    this.fields = [];
    this.inputs = new Map();
    this.firstFocus = null;
  }

  /** Make a stateful element known: `{blockId, actionId, type, read}`. */
  add(field) {
    this.fields.push(field);
  }

  /** @returns {Object} What all stateful elements hold: `{block_id: {action_id: {type, …}}}`. */
  values() {
    const values = Object.create(null);
    for (const { blockId, actionId, type, read } of this.fields) {
      values[blockId] ??= Object.create(null);
      values[blockId][actionId] = { type, ...read() };
    }
    return values;
  }

  /** @returns {Map<string, string>} By block id, what is wrong with what the person typed. */
  problems() {
    const found = [...this.inputs].map(([blockId, input]) => [blockId, input.problem()]);
    return new Map(found.filter(([, problem]) => problem));
  }

  /**
   * Send an action to the app.
   *
   * @param {{blockId: string, actionId: string, state?: Object}} action Which element, and what it holds now.
   */
  async act({ blockId, actionId, state = {} }) {
    const { container, onAction } = this.context;
    try {
      await onAction?.({ container, block_id: blockId, action_id: actionId, state, values: this.values() });
    } catch (error) {
      console.error("The action could not be sent.", error);
    }
  }
}
