// Live pages. One event stream a page (body[data-events]) reports jobs and the balance. Sections marked [data-live] are
// fetched again when something has changed and morphed in place, so focus, scroll position and typing are kept. A hidden
// tab holds no stream. While the stream is down, [data-live-lost] is shown and the page polls.
const policy = globalThis.trustedTypes?.createPolicy("tenon-live", { createHTML: (html) => html });
const pollEvery = 4000;
const announceEvery = 5000;

// True for a field whose content the user has changed or is about to change.
function touched(field) {
  if (field === document.activeElement) return true;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  return field.matches("input, textarea") && field.value !== field.defaultValue;
}

const callbacks = {
  beforeNodeMorphed(old, fresh) {
    if (old.nodeType !== 1) return true;
    if (old.dataset.keep !== undefined && old.dataset.keep === fresh.dataset.keep) return false;
    if (old.matches("input, textarea, select") && touched(old)) return false;
    return !old.isEqualNode(fresh);
  },
  // Keeps opened details and dialogs open.
  beforeAttributeUpdated: (name, node, change) => !(name === "open" && change === "remove" && node.matches("details, dialog")),
};

// idiomorph matches elements by id; data-key stands for one.
function identify(part) {
  for (const row of part.querySelectorAll("[data-key]:not([id])")) row.id = `key-${row.dataset.key}`;
}

async function fetchPage(url) {
  const response = await fetch(url, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (response.redirected && new URL(response.url).pathname !== new URL(url, location).pathname) location.assign(response.url);
  if (!response.ok) throw new Error(String(response.status));
  const html = await response.text();
  return new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, "text/html");
}

function morph(section, page) {
  const fresh = page.getElementById(section.id);
  if (!fresh) return;
  const focused = document.activeElement;
  identify(section);
  identify(fresh);
  Idiomorph.morph(section, fresh, { callbacks });
  if (focused && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  section.dispatchEvent(new Event("tenon:morphed", { bubbles: true }));
}

// [data-renew-in] goes stale by time alone, after so many seconds.
let due;
function schedule() {
  clearTimeout(due);
  const part = document.querySelector("[data-renew-in]");
  if (part) due = setTimeout(() => renew().catch(schedule), part.dataset.renewIn * 1000);
}

let renewing, next;
function renew() {
  // One at a time; callers that arrive meanwhile share the one after it.
  if (renewing) return (next ??= renewing.catch(() => {}).then(() => ((next = undefined), renew())));
  renewing = fetchPage(location.href)
    .then((page) => {
      document.title = page.title;
      for (const section of document.querySelectorAll("[data-live]")) morph(section, page);
      schedule();
    })
    .finally(() => (renewing = undefined));
  return renewing;
}

document.addEventListener("tenon:renew", (event) => (event.detail.done = renew()));

// Search and filters: typing into form[data-swap] updates the part with that id.
let typing, requests = 0;
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.dataset.swap) return;
  clearTimeout(typing);
  typing = setTimeout(async () => {
    const request = ++requests;
    const url = new URL(form.action);
    for (const [name, value] of new FormData(form)) if (value) url.searchParams.set(name, value);
    const target = document.getElementById(form.dataset.swap);
    const slow = setTimeout(() => target.setAttribute("aria-busy", "true"), 300);
    try {
      const page = await fetchPage(url);
      if (request !== requests) return;
      morph(target, page);
      document.title = page.title;
      history.replaceState(history.state, "", url);
    } catch {
      if (request === requests) form.submit(); // newer input has a request of its own
    } finally {
      clearTimeout(slow);
      target.removeAttribute("aria-busy");
    }
  }, 200);
});

const every = (selector, apply, within = document) => within.querySelectorAll(selector).forEach(apply);
const showLost = (lost) => every("[data-live-lost]", (badge) => (badge.hidden = !lost));

// Screen readers announce progress every few seconds at most.
const announced = new WeakMap();
function announce(place, text) {
  const last = announced.get(place) ?? { at: 0 };
  announced.set(place, last);
  clearTimeout(last.timer);
  const wait = last.at + announceEvery - Date.now();
  if (wait > 0) return void (last.timer = setTimeout(announce, wait, place, text));
  last.at = Date.now();
  if (place.textContent !== text) place.textContent = text;
}

const known = new Set();
function onJob(job) {
  const parts = document.querySelectorAll(`[data-job="${CSS.escape(job.job)}"]`);
  const ended = job.status === "READY" || job.status === "FAILED";
  let stale = ended && parts.length > 0;
  for (const part of parts) {
    every("[data-live-bar]", (bar) => (bar.value = Math.max(bar.value, job.progress)), part);
    // Only the number changes: the page already has the percentage in its language's notation.
    const advance = (text, number) => text.replace(number, (had) => Math.max(had, job.progress));
    every("[data-live-percent]", (place) => (place.textContent = advance(place.textContent, /\d+/)), part);
    if ("liveTitle" in part.dataset) document.title = advance(document.title, /(?<=^[^·\d]*)\d+(?=\s?%)/);
    every("[data-live-text]", (place) => announce(place, job.text), part);
    if (part.dataset.status && part.dataset.status !== job.status) stale = true;
    every("[data-step]", (step) => {
      const state = job.steps[step.dataset.step];
      if (state && state !== step.dataset.state) stale = true;
    }, part);
  }
  if (!parts.length && !ended && !known.has(job.job) && document.querySelector('[data-live~="jobs"]')) stale = true;
  known.add(job.job);
  if (stale) renew().catch(() => {});
}

function onBalance({ balance, text }) {
  every("[data-balance]", (place) => {
    if (place.dataset.balance === String(balance)) return;
    place.dataset.balance = balance;
    place.textContent = text;
    if (place.closest('[data-live~="balance"]')) renew().catch(() => {});
  });
}

let source, timer, missed = false;
function startPolling() {
  timer ??= setInterval(() => {
    renew().catch(() => {});
    if (source?.readyState === EventSource.CLOSED) connect();
  }, pollEvery);
}
function stopPolling() {
  clearInterval(timer);
  timer = undefined;
}
function connect() {
  source?.close();
  source = new EventSource(document.body.dataset.events);
  source.onopen = () => {
    stopPolling();
    showLost(false);
    if (missed) renew().catch(() => {});
    missed = false;
  };
  source.onerror = () => {
    if (document.hidden) return;
    missed = true;
    showLost(true);
    startPolling();
  };
  source.addEventListener("job", (event) => onJob(JSON.parse(event.data)));
  source.addEventListener("balance", (event) => onBalance(JSON.parse(event.data)));
  source.addEventListener("toast", (event) => document.dispatchEvent(new CustomEvent("tenon:toast", { detail: JSON.parse(event.data) })));
}
function disconnect() {
  stopPolling();
  source?.close();
  missed = true;
}
if (document.body.dataset.events) {
  schedule();
  if (!document.hidden) connect();
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", (event) => event.persisted && connect());
}
