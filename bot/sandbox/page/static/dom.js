// Elements without a framework: text becomes text nodes, so nothing that a message says can turn into markup.

const BOOLEAN = new Set(["checked", "disabled", "hidden", "open", "required", "selected"]);

/**
 * Make an element.
 *
 * @param {string} tag Its name; SVG names are made with `svg`.
 * @param {Object} [properties] Attributes; `on…` are listeners, `class` and `dataset` are what they say; null,
 *     undefined and false leave an attribute out.
 * @param {...(Node|string|number|null|undefined|false|Array)} children What is inside; strings become text.
 * @returns {HTMLElement}
 */
export function h(tag, properties, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** Make an SVG element; as `h`. */
export function svg(tag, properties, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);
}

/** Put other children in the place of those that an element has. */
export function replace(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(isShown));
  return element;
}

let made = 0;

/** @returns {string} An id that no other element of the page has. */
export function newId() {
  made += 1;
  return `made-${made}`;
}

/** @returns {boolean} Whether a key belongs to the input method, which composes a letter or a word with it. */
export function isComposing(event) {
  // Some browsers end the composition before they tell of the Enter that ended it; its code is then this one.
  return event.isComposing || event.keyCode === 229;
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "value" || BOOLEAN.has(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter(isShown));
  return element;
}

function isShown(child) {
  return child !== null && child !== undefined && child !== false;
}
