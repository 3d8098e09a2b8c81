// The page's server: the only place that sends requests. Every answer is an object with `ok`; nothing here throws.

const UNREACHABLE = "The sandbox does not answer. Is it still running?";
const UNEXPECTED = "The sandbox gave an answer that cannot be read.";
/** The server answers a poll after 20 s at the latest; one that takes much longer has been lost on the way. */
const LONGEST_POLL_MS = 35_000;

/**
 * Ask for the state once it has changed.
 *
 * @param {string} person Whose.
 * @param {number} after The version that is known already; 0 asks for everything.
 * @param {AbortSignal} signal Ends the wait.
 * @returns {Promise<{ok: boolean, state?: Object, error?: string, isRefused?: boolean}>}
 */
export async function fetchState(person, after, signal, isPatient = true) {
  const query = new URLSearchParams({ as: person, after, wait: isPatient ? "1" : "0" });
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), LONGEST_POLL_MS);
  signal.addEventListener("abort", () => limit.abort(), { once: true });
  try {
    const response = await fetch(`/state?${query}`, { signal: limit.signal, cache: "no-store" });
    if (!response.ok) return { ok: false, isRefused: response.status < 500, error: UNEXPECTED };
    return { ok: true, state: await response.json() };
  } catch {
    return { ok: false, error: UNREACHABLE };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Have the server do something.
 *
 * @param {string} path
 * @param {Object} body
 * @returns {Promise<{ok: boolean, error?: string}>} With what else the server says; without `ok` there is an `error` or
 *     `errors`.
 */
export async function post(path, body) {
  let response;
  try {
    response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    return { ok: false, error: UNREACHABLE };
  }
  return readAnswer(response);
}

async function readAnswer(response) {
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    // Handled below: an answer that is not JSON has no sentence for people.
  }
  if (answer === null || typeof answer !== "object") return { ok: false, error: UNEXPECTED };
  if (response.ok && answer.ok === true) return answer;
  const error = typeof answer.error === "string" && answer.error ? answer.error : null;
  return { ...answer, ok: false, error: error ?? (answer.errors ? undefined : UNEXPECTED) };
}
