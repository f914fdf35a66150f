// Talks to the service: JSON requests with the key, problem documents as errors, server-sent events from a POST.
"use strict";

const KEY = "evdocs-key";

function headers(more) {
  const key = sessionStorage.getItem(KEY);
  return key ? { ...more, Authorization: `Bearer ${key}` } : { ...more };
}

async function call(path, options = {}) {
  const response = await fetch(path, { ...options, headers: headers(options.headers) });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  const error = new Error(problem.detail || `The service answered ${response.status}.`);
  error.status = response.status;
  error.traceId = problem.trace_id || "";
  error.retryAfter = Number(response.headers.get("Retry-After")) || 0;
  throw error;
}

function post(path, body, signal) {
  return call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });
}

// Calls on(event, object) for each server-sent event of the response; comments (heartbeats) are skipped.
async function readEvents(response, on) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    pending += value;
    for (let end = pending.indexOf("\n\n"); end >= 0; end = pending.indexOf("\n\n")) {
      const lines = pending.slice(0, end).split("\n");
      pending = pending.slice(end + 2);
      const event = lines.find((line) => line.startsWith("event: "));
      const text = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
      if (event && text) on(event.slice(7), JSON.parse(text));
    }
  }
}
