// A session of Slack's own client for Node with a Web API: calls as they are told, answers as they are understood.
//
// A line on standard input is one call, such as
//   {"url": "http://…/api/", "token": "xoxb-…", "method": "chat.postMessage", "arguments": {"channel": "C1", …}}
// or, to walk through all pages, {…, "paginate": "users.list", "arguments": {"limit": 2}}. A line on standard output is
// its answer: {"answer": {…}, "is_named": true}, {"pages": […]} or {"error": {"code": "slack_webapi_…", …}}.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../.tools/slack/", import.meta.url));
const { WebClient, LogLevel } = require("@slack/web-api");

const clients = new Map();

for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  const answer = await carryOut(told).catch((error) => ({ error: understood(error) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function carryOut({ url, token, method, paginate, arguments: given }) {
  const client = clientFor(url, token);
  if (paginate) {
    const pages = [];
    for await (const page of client.paginate(paginate, given)) pages.push(page);
    return { pages };
  }
  const named = method.split(".").reduce((found, name) => found?.[name], client);
  const answer = named ? await named(given) : await client.apiCall(method, given);
  return { answer, is_named: Boolean(named) };
}

function clientFor(slackApiUrl, token) {
  const key = `${slackApiUrl} ${token}`;
  if (!clients.has(key)) {
    const options = { slackApiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true, timeout: 5000 };
    clients.set(key, new WebClient(token ?? undefined, { ...options, logLevel: LogLevel.ERROR }));
  }
  return clients.get(key);
}

function understood(error) {
  const { name, code, data, retryAfter, statusCode, body, message } = error;
  return { name, code, data, retryAfter, statusCode, body, message };
}
