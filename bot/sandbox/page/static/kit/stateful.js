// What all elements that hold a value share: remembering it, asking before a change counts, and sending it.

import { ask } from "./confirm.js";
import { asList, asRecord, asText } from "../safe.js";

const TYPING_PAUSE_MS = 350;
const PICKING_PAUSE_MS = 700;

const lastFocus = new WeakMap();

/**
 * Build an element that holds a value.
 *
 * @param {Object} element As it came.
 * @param {Object} place Where it stands: `surface`, `blockId`, `isInput`, `isOptional`, `dispatches`, labels.
 * @param {function(Object, Object, function(string)): Object} build Makes the control: `node`, `input` (what gets the
 *     focus), `initial` (a state), `read()` and `write(state)`, `problem()`. It calls its third argument when a person
 *     changed the value: "picked", "typed", "entered", or "picking" for a field that can be on its way to a value.
 * @returns {HTMLElement}
 */
export function statefulNode(element, place, build) {
  const field = new Field(element, place);
  field.attach(build(element, place, (how) => field.changed(how)));
  return field.control.node;
}

/**
 * Say that a control waits for the app, or that it no longer does.
 *
 * @param {Object} control As `build` made it; one that somebody types into stays open.
 * @param {boolean} isBusy Which of the two.
 */
function setBusy({ node, input, isText, lock = (isLocked) => (input.disabled = isLocked) }, isBusy) {
  const active = document.activeElement;
  node.setAttribute("aria-busy", String(isBusy));
  if (isText) return;
  // A control that is disabled loses the focus, and the person their place on the page.
  if (isBusy) lastFocus.set(node, node.contains(active) ? active : null);
  lock(isBusy);
  if (!isBusy && active === document.body) lastFocus.get(node)?.focus();
}

class Field {
  constructor(element, place) {
    this.element = element;
    this.place = place;
    this.blockId = place.blockId;
    this.actionId = asText(element.action_id);
    this.key = `${this.blockId}\n${this.actionId}`;
    this.triggers = asList(asRecord(element.dispatch_action_config).trigger_actions_on);
    this.timer = null;
  }

  attach(control) {
    const { surface } = this.place;
    this.control = control;
    const kept = surface.memory.get(this.key);
    control.write(kept?.type === this.element.type ? kept.state : control.initial);
    this.settled = control.read();
    control.node.dataset.key = this.key;
    surface.add({ blockId: this.blockId, actionId: this.actionId, type: this.element.type, read: control.read });
    if (this.element.focus_on_load === true) surface.firstFocus ??= control.input;
    this.place.onControl?.(control);
  }

  changed(how) {
    this.remember();
    this.place.surface.inputs.get(this.blockId)?.setError("");
    if (!this.place.dispatches) return;
    clearTimeout(this.timer);
    if (how === "typed") {
      if (this.triggers.includes("on_character_entered")) this.later(TYPING_PAUSE_MS);
    } else if (how === "picking") this.later(PICKING_PAUSE_MS);
    else if (how === "picked" || this.sendsOnEnter()) this.settle();
  }

  later(pause) {
    this.timer = setTimeout(() => this.settle(), pause);
  }

  sendsOnEnter() {
    return !this.triggers.length || this.triggers.includes("on_enter_pressed");
  }

  async settle() {
    const { element, control, place } = this;
    if (element.confirm && !(await ask(element.confirm, place.surface.context))) {
      control.write(this.settled);
      this.remember();
      return;
    }
    this.settled = control.read();
    setBusy(control, true);
    await place.surface.act({ blockId: this.blockId, actionId: this.actionId, state: control.read() });
    setBusy(control, false);
  }

  remember() {
    this.place.surface.memory.set(this.key, { type: this.element.type, state: this.control.read() });
  }
}
