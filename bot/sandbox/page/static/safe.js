// Reading what came over the wire, where any field may be missing or of another type than documented.

const LINK_PROTOCOLS = new Set(["http:", "https:", "mailto:"]);

/** @returns {string} The text; of a number its digits; of anything else nothing. */
export function asText(value) {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : "";
}

/** @returns {Array} The list, at most `most` long; of anything else an empty one. */
export function asList(value, most = 1000) {
  return Array.isArray(value) ? value.slice(0, most) : [];
}

/** @returns {Object} The object; of anything else an empty one. */
export function asRecord(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}

/** @returns {number} The whole number within its bounds; `fallback` when it is none. */
export function asWhole(value, { least, most, fallback }) {
  const number = typeof value === "number" ? Math.floor(value) : Number.NaN;
  return Number.isFinite(number) ? Math.min(most, Math.max(least, number)) : fallback;
}

/** @returns {string|null} The address when it may be a link: of the web or of a mailbox; `javascript:` is neither. */
export function linkAddress(value) {
  const url = parse(asText(value).trim());
  return url && LINK_PROTOCOLS.has(url.protocol) ? url.href : null;
}

/**
 * @returns {string|null} The address when it may be loaded as a picture: encrypted, inside the page's own data, or from
 *     the page's own server.
 */
export function pictureAddress(value) {
  const written = asText(value).trim();
  if (/^data:image\/(png|jpeg|gif|webp|svg\+xml)[;,]/i.test(written)) return written;
  const url = written && parse(written, globalThis.location?.href);
  if (!url) return null;
  return url.protocol === "https:" || url.origin === globalThis.location?.origin ? url.href : null;
}

/** @returns {string|null} The path when the address leads to the page's own server: files come from nowhere else. */
export function ownAddress(value) {
  const url = asText(value) && parse(value, globalThis.location?.href);
  return url && url.origin === globalThis.location?.origin ? url.pathname + url.search : null;
}

/** @returns {string} The first `limit` code points, with `…` where something was cut. */
export function cut(text, limit) {
  if (text.length <= limit) return text;
  const points = Array.from(text);
  return points.length <= limit ? text : `${points.slice(0, limit - 1).join("")}…`;
}

function parse(written, base) {
  try {
    return new URL(written, base);
  } catch {
    return null;
  }
}
