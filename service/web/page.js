// The technicians' page. Whatever comes from a document or a model is set as text, never as markup.
"use strict";

const $ = (id) => document.getElementById(id);
const REASONS = {
  out_of_scope: "Not a question for these manuals",
  not_in_documents: "The manuals do not say",
  ambiguous: "Which one do you mean?",
  unsafe: "Not answered for safety",
  invalid: "The question could not be read",
};
let running = null;
let last = null;
let shown = null;

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function place(citation) {
  const printed = citation.page_label && citation.page_label !== String(citation.page) ? ` (printed ${citation.page_label})` : "";
  return `${citation.file} p.${citation.page}${printed}`;
}

function sourceItem(mark, citation) {
  const button = make("button", "plain source");
  button.type = "button";
  const words = make("span");
  words.append(place(citation));
  const section = (citation.section || []).join(" › ");
  if (section) words.append(" — ", section);
  if (citation.quote) words.append(make("small", "", `“${citation.quote.length > 220 ? citation.quote.slice(0, 220) + " …" : citation.quote}”`));
  button.append(make("b", "", mark), words);
  button.addEventListener("click", () => view(citation));
  const item = make("li");
  item.append(button);
  return item;
}

function showAnswer(text, citations) {
  const byMarker = new Map(citations.map((citation) => [citation.marker, citation]));
  const parts = text.split(/\[(\d{1,3})\]/);
  $("answer").replaceChildren(...parts.map((part, index) => {
    const citation = index % 2 ? byMarker.get(Number(part)) : null;
    if (!citation) return document.createTextNode(index % 2 ? `[${part}]` : part);
    const button = make("button", "plain marker", `[${part}]`);
    button.type = "button";
    button.setAttribute("aria-label", `Source ${part}: ${place(citation)}`);
    button.addEventListener("click", () => view(citation));
    return button;
  }));
}

function showNotices(notices, citations) {
  $("notices").replaceChildren(...notices.map((notice) => {
    const box = make("div", `notice ${notice.level === "notice" ? "notice-level" : notice.level}`);
    box.append(make("b", "", `⚠ ${notice.level.toUpperCase()}`), notice.text.replace(new RegExp(`^${notice.level}\\b[:.\\s]*`, "i"), ""), " ");
    const citation = citations.find((found) => found.marker === notice.marker);
    if (citation) {
      const button = make("button", "plain marker", `[${notice.marker}]`);
      button.type = "button";
      button.addEventListener("click", () => view(citation));
      box.append(button);
    }
    return box;
  }));
}

function showWhole(answer) {
  last = answer;
  showNotices(answer.notices, answer.citations);
  showAnswer(answer.answer, answer.citations);
  const refusal = answer.refusal;
  $("refusal").hidden = !refusal;
  $("refusal").replaceChildren();
  if (refusal) $("refusal").append(make("b", "", REASONS[refusal.reason] || "No answer"), refusal.message);
  const sources = refusal && !answer.citations.length ? refusal.nearest.map((near) => ["•", near]) : answer.citations.map((found) => [`[${found.marker}]`, found]);
  $("sources-head").textContent = refusal && !answer.citations.length ? "The nearest places" : "Sources";
  $("sources-head").hidden = !sources.length;
  $("sources").replaceChildren(...sources.map(([mark, citation]) => sourceItem(mark, citation)));
  const checks = [];
  if (answer.status === "answered" && answer.verification.numbers) checks.push(`${answer.verification.numbers_verified} of ${answer.verification.numbers} numbers found in the cited text.`);
  const sentences = answer.degraded.filter((entry) => entry.includes(" ")); // "m.pdf: pages 3-5 unreadable"
  const parts = answer.degraded.filter((entry) => !entry.includes(" "));
  if (parts.length) checks.push(`Done without: ${parts.join(", ")}.`);
  for (const sentence of sentences) checks.push(`${sentence}.`);
  checks.push(`Reference ${answer.trace_id.slice(0, 8)}.`);
  $("checks").textContent = checks.join(" ");
  $("after").hidden = false;
}

function fail(error) {
  if (error.name === "AbortError") return;
  $("key").hidden = error.status !== 401;
  $("problem").hidden = false;
  const again = error.retryAfter ? ` Try again in ${error.retryAfter} s.` : "";
  const reference = error.traceId ? ` (Reference ${error.traceId.slice(0, 8)})` : "";
  $("problem").textContent = (error.status ? error.message : "The service cannot be reached.") + again + reference;
}

function clear(question) {
  $("problem").hidden = $("after").hidden = $("hits-head").hidden = $("refusal").hidden = $("sources-head").hidden = true;
  for (const id of ["notices", "answer", "sources", "hits", "refusal"]) $(id).replaceChildren();
  $("asked").textContent = question;
  $("checks").textContent = "Reading the manuals …";
  $("yes").disabled = $("no").disabled = false;
  $("result").hidden = false;
}

function filters() {
  return $("product").value ? { product: $("product").value } : {};
}

async function ask(question) {
  if (running) running.abort();
  running = new AbortController();
  const mine = running;
  clear(question);
  const citations = [];
  let text = "";
  try {
    const response = await post("/v1/ask", { question, filters: filters(), stream: true }, mine.signal);
    let whole = false;
    await readEvents(response, (event, object) => {
      if (event === "token") showAnswer((text += object.text), citations);
      else if (event === "citation") { citations.push(object); showAnswer(text, citations); }
      else if (event === "answer") { whole = true; showWhole(object); }
      else if (event === "error") throw Object.assign(new Error(object.detail), { status: object.status, traceId: object.trace_id });
    });
    if (!whole) throw Object.assign(new Error("The answer broke off; do not rely on it."), { status: 502 });
  } catch (error) {
    if (mine === running) {
      $("result").hidden = !text;
      $("checks").textContent = text ? "This answer is not complete. Do not rely on it." : "";
    }
    fail(error);
  }
}

async function showHits() {
  try {
    const found = await (await post("/v1/search", { question: $("asked").textContent, filters: filters(), k: 10 })).json();
    $("hits-head").hidden = false;
    $("hits").replaceChildren(...found.hits.map((hit, index) => sourceItem(`${index + 1}.`, { ...hit, quote: hit.text, boxes: [] })));
    if (!found.hits.length) $("hits").append(make("li", "", "Nothing was found."));
  } catch (error) { fail(error); }
}

async function feedback(helpful) {
  $("yes").disabled = $("no").disabled = true;
  try { await post("/v1/feedback", { trace_id: last.trace_id, helpful }); } catch (error) { fail(error); }
}

async function view(citation) {
  shown = { ...citation, first: citation.page };
  if (!$("viewer").open) $("viewer").showModal();
  $("quote").textContent = citation.quote || "";
  const pictured = /\.pdf$/i.test(citation.file); // other documents have no page images: the quote and its place must do
  for (const id of ["back", "forth", "zoom", "sheet"]) $(id).hidden = !pictured;
  if (pictured) await turn(0);
  else $("viewer-title").textContent = [place(citation), ...(citation.section || [])].join(" › ");
}

async function turn(by) {
  const wanted = shown.page + by;
  const boxes = wanted === shown.first ? (shown.boxes || []).slice(0, 200).map((box) => box.join(",")).join(";") : "";
  const path = `/v1/documents/${encodeURIComponent(shown.document_id)}/pages/${wanted}.png`;
  $("viewer-title").textContent = place({ ...shown, page: wanted, page_label: wanted === shown.first ? shown.page_label : null });
  try {
    const image = await (await call(boxes ? `${path}?boxes=${encodeURIComponent(boxes)}` : path)).blob();
    shown.page = wanted;
    $("page").onload = () => { // the first highlighted line comes into view
      const top = boxes ? (shown.boxes[0][1] * 2) / $("page").naturalHeight : 0; // images have 2 pixels a point
      $("sheet").scrollTop = Math.max(0, top * $("page").clientHeight - 80);
    };
    URL.revokeObjectURL($("page").src);
    $("page").src = URL.createObjectURL(image);
    $("page").alt = $("viewer-title").textContent;
  } catch (error) {
    $("viewer-title").textContent = error.status === 404 ? `${shown.file}: there is no page ${wanted}` : error.message;
  }
}

async function look() {
  try {
    const listed = await (await call("/v1/documents")).json();
    const many = listed.documents.length;
    $("state").textContent = `${many} document${many === 1 ? "" : "s"}, ${listed.index.chunks} passages`;
    const products = [...new Set(listed.documents.flatMap((found) => found.product))].sort();
    $("product").replaceChildren(make("option", "", "All products"), ...products.map((name) => Object.assign(make("option", "", name), { value: name })));
    $("product").firstChild.value = "";
    $("key").hidden = true;
  } catch (error) {
    $("state").textContent = error.status === 503 ? error.message : "Not connected";
    if (error.status === 401) $("key").hidden = false;
    else setTimeout(look, 3000);
  }
}

$("ask").addEventListener("submit", (event) => { event.preventDefault(); const question = $("question").value.trim(); if (question) ask(question); });
$("question").addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); $("ask").requestSubmit(); } });
$("key").addEventListener("submit", (event) => { event.preventDefault(); sessionStorage.setItem(KEY, $("api-key").value.trim()); $("problem").hidden = true; look(); });
$("yes").addEventListener("click", () => feedback(true));
$("no").addEventListener("click", () => feedback(false));
$("more").addEventListener("click", showHits);
$("back").addEventListener("click", () => turn(-1));
$("forth").addEventListener("click", () => turn(1));
$("zoom").addEventListener("click", () => $("sheet").classList.toggle("large"));
$("close").addEventListener("click", () => $("viewer").close());
look();
const linked = new URLSearchParams(location.search).get("q"); // a link can carry its question: /?q=...
if (linked) { $("question").value = linked.slice(0, 2000); $("ask").requestSubmit(); }
