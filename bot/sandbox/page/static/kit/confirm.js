// The question before a button or a choice does anything.

import { h, newId } from "../dom.js";
import { hasText, textNode } from "./objects.js";
import { asRecord } from "../safe.js";

/**
 * Ask, in a dialog above everything else.
 *
 * @param {Object} confirm Slack's confirmation object.
 * @param {Object} context As everywhere.
 * @returns {Promise<boolean>} Whether the person said yes.
 */
export function ask(confirm, context) {
  const { title, text, confirm: yes, deny, style } = asRecord(confirm);
  const [titleId, textId] = [newId(), newId()];
  const no = choice(deny, "Cancel", "no", "");
  const go = choice(yes, "Yes", "yes", style === "danger" ? " bk-danger" : " bk-primary");
  const dialog = h(
    "dialog",
    { class: "bk-confirm", "aria-labelledby": titleId, "aria-describedby": textId },
    h(
      "form",
      { method: "dialog" },
      h(
        "h2",
        { id: titleId, class: "bk-confirm-title" },
        hasText(title) ? textNode(title, context) : "Are you sure?",
      ),
      h("div", { id: textId, class: "bk-confirm-text" }, textNode(text, context, "div")),
      h("div", { class: "bk-confirm-buttons" }, no, go),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  // What cannot be taken back must not be one Enter away.
  (style === "danger" ? no : go).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });

  function choice(label, fallback, value, look) {
    const words = hasText(label) ? textNode(label, context) : fallback;
    return h("button", { class: `bk-button${look}`, type: "submit", value }, words);
  }
}
