"""Durable messages to Slack: committed means delivered, in order, over deaths, outages and several processes.

A message is a row before it is sent. Each channel is a *lane*: at any moment one worker, with a lease, looks after it.
From the outside in:

- `dispatcher`: the threads; they take the lanes that are due and hand them to workers.
- `worker`: one lane's turn: decide, send, keep what came of it, until there is nothing to do just now.
- `lanes`: leases and their fencing tokens, when to look again, suspension.
- `messages`: the rows, and what may happen to them; `outcome`: what Slack's answers mean for them.
- `writers`: who knows what a message says; `notes` writes those that stand for themselves.
- `backoff`, `throttle`: how long to leave Slack alone.

Guarantee: a message is sent twice only where Slack's answer to the first was lost, and both carry the same id in their
metadata.
"""
