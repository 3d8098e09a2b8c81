// The page's own dialogs, and the one of them that helps.

import { h } from "./dom.js";
import { iconButton } from "./icons.js";

const ABOUT =
  "This is a simulated Slack workspace with a simulated Docker Hub; only the bot is real. Act as anybody, push tags, " +
  "break the network, move the clock, and see what the bot makes of it.";
const KEYS = [
  [
    "Anywhere",
    [
      [["Ctrl", "K"], "Go to a conversation or a person"],
      [["Alt", "↑"], "Previous conversation"],
      [["Alt", "↓"], "Next conversation"],
      [["?"], "This help"],
      [["Esc"], "Close what is open"],
    ],
  ],
  [
    "While writing",
    [
      [["Enter"], "Send"],
      [["Shift", "Enter"], "New line"],
      [["↑"], "In an empty box: what you sent before"],
      [["/"], "The app’s command, with its verbs, options, images"],
      [["@"], "People and the app"],
      [["Tab"], "Complete"],
    ],
  ],
  [
    "Among messages",
    [
      [["↑"], "Previous message"],
      [["↓"], "Next message"],
      [["Tab"], "The message’s buttons"],
    ],
  ],
];

/**
 * Show a dialog; it goes away when it is closed.
 *
 * @param {string} title
 * @param {string} name The class that gives it its size.
 * @param {...(Node|Array)} children
 * @returns {HTMLDialogElement}
 */
export function openDialog(title, name, ...children) {
  const dialog = h("dialog", { class: `dialog ${name}`, "aria-label": title }, children);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("mousedown", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Show the keyboard help. */
export function openHelp() {
  const isMac = /Mac|iPhone|iPad/u.test(navigator.userAgent);
  const key = (name) => h("kbd", {}, isMac && name === "Ctrl" ? "⌘" : name);
  const row = ([keys, what]) => h("div", { class: "key-row" }, h("dt", {}, keys.map(key)), h("dd", {}, what));
  const groups = KEYS.map(([title, rows]) => h("section", {}, h("h3", {}, title), h("dl", {}, rows.map(row))));
  const dialog = openDialog(
    "Help",
    "dialog-help",
    h(
      "header",
      { class: "dialog-head" },
      h("h2", {}, "Help"),
      iconButton("Close", "close", () => dialog.close()),
    ),
    h(
      "div",
      { class: "dialog-body", tabindex: "0", role: "region", "aria-label": "About and keys" },
      h("p", {}, ABOUT),
      groups,
    ),
  );
}
