// Addresses of messages in the simulated workspace: they lead to a place on this page, not to a real host.

const MESSAGE = /^\/archives\/([^/]+)\/p(\d{10})(\d{6})\/?$/u;

/**
 * The message that an address names.
 *
 * @param {string} address
 * @param {string} domain The workspace's, as in `acme.slack.com`.
 * @returns {{channel: string, ts: string}|null} Null for every other address.
 */
export function messageAt(address, domain) {
  if (!URL.canParse(address)) return null;
  const { host, pathname } = new URL(address);
  const found = host === `${domain}.slack.com` && pathname.match(MESSAGE);
  return found ? { channel: found[1], ts: `${found[2]}.${found[3]}` } : null;
}
