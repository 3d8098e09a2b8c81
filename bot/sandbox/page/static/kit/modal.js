// Modal dialogs: the app's views that lie over the page.

import { surfaceNode } from "./blocks.js";
import { h, newId, replace } from "../dom.js";
import { keepFocus } from "../focus.js";
import { icon } from "../icons.js";
import { forget } from "./kept.js";
import { hasText, textNode } from "./objects.js";
import { asList, asRecord, asText } from "../safe.js";
import { Surface } from "./surface.js";

const NOT_SENT = "This could not be sent. Try again.";

/** Shows the view on top of a stack of views as a dialog. */
export class ModalHost {
  /**
   * @param {HTMLElement} root Where the dialog is put.
   * @param {Object} context As for `renderBlocks`, with `onSubmit(view, values)` and `onCloseView(view)`.
   */
  constructor(root, context) {
    this.root = root;
    this.context = context;
    this.views = [];
    this.dialog = null;
    this.shown = null;
    this.isClosing = false;
  }

  /**
   * Show the view on top; none when the list is empty.
   *
   * @param {Object[]} views The stack, bottom first.
   */
  show(views) {
    const stack = asList(views).map(asRecord);
    const ids = new Set(stack.map((view) => view.id));
    for (const { id } of this.views) if (!ids.has(id)) forget(this.contextOf(id));
    this.views = stack;
    const view = stack.at(-1);
    if (!view) this.end();
    else {
      this.begin();
      this.draw(view);
    }
  }

  begin() {
    this.dialog ??= this.makeDialog();
    this.dialog.classList.toggle("bk-stacked", this.views.length > 1);
    if (!this.dialog.open) this.dialog.showModal();
  }

  end() {
    if (!this.dialog) return;
    const { dialog, returnTo } = this;
    this.dialog = null;
    this.shown = null;
    dialog.close();
    dialog.remove();
    if (returnTo?.isConnected) returnTo.focus();
  }

  makeDialog() {
    this.returnTo = document.activeElement;
    this.titleId = newId();
    const dialog = h("dialog", { class: "bk-modal", "aria-labelledby": this.titleId });
    // Whether a view goes is the workspace's to say; until then it stays.
    dialog.addEventListener("cancel", (event) => {
      if (event.target !== dialog) return;
      event.preventDefault();
      this.close();
    });
    // A second Escape cannot be prevented; then the view is asked to go, and comes back if it may not.
    dialog.addEventListener("close", (event) => {
      if (event.target === dialog && this.dialog === dialog) this.close();
    });
    this.root.append(dialog);
    return dialog;
  }

  draw(view) {
    const isSame = this.shown?.view.id === view.id && this.shown.view.hash === view.hash;
    if (!isSame) {
      const isNewView = this.shown?.view.id !== view.id;
      const form = this.makeForm(view);
      const scrolled = isNewView ? 0 : (this.body?.scrollTop ?? 0);
      const hasFocus = keepFocus(this.dialog, () => this.put(form));
      this.body.scrollTop = scrolled;
      if (!hasFocus || isNewView) this.focusFirst();
    }
    this.shown.view = view;
    this.showBusy();
    if (view.errors && !sameErrors(view.errors, this.shown.errors)) this.showErrors(view.errors);
    this.shown.errors = view.errors ?? null;
  }

  put({ view, form, body, surface }) {
    this.shown = { view, surface, errors: null };
    this.body = body;
    replace(this.dialog, form);
  }

  makeForm(view) {
    const context = this.contextOf(view.id);
    const surface = new Surface(context);
    const body = h("div", { class: "bk-modal-body" }, surfaceNode(view.blocks, surface));
    this.submitButton = this.makeSubmit(view, context);
    this.remark = h("div", { class: "bk-modal-remark", role: "alert" });
    const form = h(
      "form",
      { class: "bk-modal-form", novalidate: true, onsubmit: (event) => this.submit(event) },
      this.head(view, context),
      body,
      this.foot(view, context),
    );
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.metaKey || event.ctrlKey) && this.submitButton) this.submit(event);
    });
    return { view, form, body, surface };
  }

  makeSubmit(view, context) {
    if (!hasText(view.submit)) return null;
    const properties = { class: "bk-button bk-primary", type: "submit", "data-key": "modal submit" };
    return h("button", properties, textNode(view.submit, context));
  }

  head(view, context) {
    const title = hasText(view.title) ? textNode(view.title, context) : "Dialog";
    const close = {
      class: "bk-button bk-quiet bk-round",
      type: "button",
      "data-key": "modal close",
      "aria-label": "Close",
      onclick: () => this.close(),
    };
    return h("header", { class: "bk-modal-head" }, [
      h("h2", { id: this.titleId, tabindex: "-1" }, title),
      h("button", close, icon("close")),
    ]);
  }

  foot(view, context) {
    const fallback = this.submitButton ? "Cancel" : "Close";
    const words = hasText(view.close) ? textNode(view.close, context) : fallback;
    const properties = {
      class: "bk-button",
      type: "button",
      "data-key": "modal cancel",
      onclick: () => this.close(),
    };
    return h("footer", { class: "bk-modal-foot" }, this.remark, h("button", properties, words), this.submitButton);
  }

  /** Ask the workspace to take the view away; once, however often Escape is pressed meanwhile. */
  async close() {
    if (!this.shown || this.isClosing) return;
    this.isClosing = true;
    const answer = await this.closeView(this.shown.view);
    this.isClosing = false;
    if (answer.ok === false && this.dialog) this.begin();
  }

  async closeView(view) {
    try {
      return asRecord(await this.context.onCloseView?.(view));
    } catch (error) {
      console.error("The view could not be closed.", error);
      return { ok: false };
    }
  }

  async submit(event) {
    event.preventDefault();
    if (!this.submitButton || this.isBusy()) return;
    const { surface, view } = this.shown;
    this.clearErrors();
    const problems = surface.problems();
    if (problems.size) {
      this.showErrors(Object.fromEntries(problems));
      return;
    }
    const shown = this.shown;
    shown.isSending = true;
    this.showBusy();
    const answer = await this.send(view, surface.values());
    shown.isSending = false;
    // While the answer was on its way another view may have come.
    if (this.shown !== shown) return;
    this.showBusy();
    if (!answer.ok) this.refused(answer);
  }

  async send(view, values) {
    try {
      return asRecord(await this.context.onSubmit?.(view, values));
    } catch (error) {
      console.error("The view could not be sent.", error);
      return { ok: false, error: NOT_SENT };
    }
  }

  refused({ errors, error }) {
    if (errors) this.showErrors(errors);
    else this.remark.textContent = asText(error) || NOT_SENT;
  }

  showErrors(errors) {
    const { inputs } = this.shown.surface;
    const known = Object.entries(asRecord(errors)).map(([blockId, sentence]) => [blockId, asText(sentence)]);
    const others = known.filter(([blockId]) => !inputs.has(blockId)).map(([, sentence]) => sentence);
    for (const [blockId, sentence] of known) inputs.get(blockId)?.setError(sentence);
    this.remark.textContent = others.join(" ");
    // In the order in which they stand in the view.
    const first = [...inputs].find(([blockId]) => Object.hasOwn(asRecord(errors), blockId));
    first?.[1].focus();
  }

  clearErrors() {
    for (const input of this.shown.surface.inputs.values()) input.setError("");
    this.remark.textContent = "";
  }

  isBusy() {
    return this.shown.isSending || this.shown.view.is_busy === true;
  }

  showBusy() {
    const isBusy = this.isBusy();
    this.dialog.setAttribute("aria-busy", String(isBusy));
    if (!this.submitButton) return;
    // It keeps the focus while it waits; what it must not do is send twice.
    this.submitButton.setAttribute("aria-disabled", String(isBusy));
    this.submitButton.setAttribute("aria-busy", String(isBusy));
  }

  focusFirst() {
    const { surface } = this.shown;
    const field = [...surface.inputs.values()][0];
    if (surface.firstFocus) surface.firstFocus.focus();
    else if (field) field.focus();
    else document.getElementById(this.titleId).focus();
  }

  contextOf(viewId) {
    // Not copied, since a context may answer anew each time it is asked, as for the reader's zone.
    const container = { type: "view", view_id: asText(viewId) };
    return Object.create(this.context, { container: { value: container, enumerable: true } });
  }
}

function sameErrors(one, other) {
  return JSON.stringify(one) === JSON.stringify(other ?? null);
}
