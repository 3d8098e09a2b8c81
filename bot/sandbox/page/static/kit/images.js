// Pictures: only from where it is safe to load them, and with their words where they do not come.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { isolated } from "./inline.js";
import { asRecord, asText, pictureAddress } from "../safe.js";

/**
 * Show a picture.
 *
 * @param {Object} element With `image_url` or `slack_file`, and `alt_text`.
 * @param {string} look The class of the picture, or of what stands in its place.
 * @returns {HTMLElement}
 */
export function pictureNode(element, look) {
  const { image_url: url, slack_file: file, alt_text: alt } = asRecord(element);
  const address = pictureAddress(url) ?? pictureAddress(asRecord(file).url);
  const words = asText(alt);
  const instead = () =>
    h("span", { class: `${look} bk-no-picture`, role: "img", "aria-label": words || "Picture" }, [
      icon("picture"),
      h("span", { class: "bk-no-picture-text" }, isolated(words || "Picture")),
    ]);
  if (!address) return instead();
  const picture = h("img", {
    class: look,
    src: address,
    alt: words,
    title: words || null,
    loading: "lazy",
    decoding: "async",
    referrerpolicy: "no-referrer",
  });
  picture.addEventListener("error", () => picture.replaceWith(instead()), { once: true });
  return picture;
}
