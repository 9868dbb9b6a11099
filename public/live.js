// Pages that stay true: one stream a page (body[data-events]) tells of jobs and of the balance; sections marked
// [data-live] are fetched again when something ended and morphed in place, so focus, scroll and typing stay.
// A tab nobody sees holds no stream. A lost stream shows [data-live-lost] and polls until it is back.
const policy = globalThis.trustedTypes?.createPolicy("tenon-live", { createHTML: (html) => html });
const pollEvery = 4000;
const sayEvery = 5000;

const key = (node) => (node.nodeType === 1 ? node.id || node.dataset.key || "" : "");

function attributes(old, fresh) {
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes])
    if (!fresh.hasAttribute(name) && !(name === "open" && old.matches("details, dialog"))) old.removeAttribute(name);
}

// What a person has typed or is about to type stays.
function touched(field) {
  if (field === document.activeElement) return true;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  return field.matches("input, textarea") && field.value !== field.defaultValue;
}

// The nearest sibling from `at` on that may become `want`; text only where it stands.
function like(want, at) {
  while (at && (key(at) || at.nodeName !== want.nodeName)) at = want.nodeType === 1 ? at.nextSibling : null;
  return at;
}

function morph(old, fresh) {
  if (old.nodeType !== 1) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.dataset.keep !== undefined && old.dataset.keep === fresh.dataset.keep) return;
  if (old.matches("input, textarea, select") && touched(old)) return;
  if (old.isEqualNode(fresh)) return;
  attributes(old, fresh);
  if (old.matches("input") && old.type !== "file") old.value = fresh.getAttribute("value") ?? "";
  if (old.matches("textarea")) old.value = fresh.textContent;

  const known = new Map([...old.children].filter(key).map((child) => [key(child), child]));
  let at = old.firstChild;
  for (const want of [...fresh.childNodes]) {
    let have;
    if (key(want)) have = known.get(key(want));
    else have = like(want, at);
    if (!have || have.nodeName !== want.nodeName) {
      old.insertBefore(document.adoptNode(want), at);
      continue;
    }
    if (have === at) at = at.nextSibling;
    else if (old.moveBefore) old.moveBefore(have, at);
    else old.insertBefore(have, at);
    morph(have, want);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

async function fetched(url) {
  const answer = await fetch(url, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (answer.redirected && new URL(answer.url).pathname !== new URL(url, location).pathname) location.assign(answer.url);
  if (!answer.ok) throw new Error(String(answer.status));
  const html = await answer.text();
  return new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, "text/html");
}

function replace(section, page) {
  const fresh = page.getElementById(section.id);
  if (!fresh) return;
  const focused = document.activeElement;
  morph(section, fresh);
  if (focused && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  section.dispatchEvent(new Event("tenon:replaced", { bubbles: true }));
}

// [data-renew-in] changes by time alone, in so many seconds.
let due;
function plan() {
  clearTimeout(due);
  const part = document.querySelector("[data-renew-in]");
  if (part) due = setTimeout(() => renew().catch(plan), part.dataset.renewIn * 1000);
}

let renewing, next;
function renew() {
  // One at a time; who asks meanwhile gets the one after it.
  if (renewing) return (next ??= renewing.catch(() => {}).then(() => ((next = undefined), renew())));
  renewing = fetched(location.href)
    .then((page) => {
      document.title = page.title;
      for (const section of document.querySelectorAll("[data-live]")) replace(section, page);
      plan();
    })
    .finally(() => (renewing = undefined));
  return renewing;
}

document.addEventListener("tenon:renew", (event) => (event.detail.done = renew()));

// Search and filters: the part named by data-swap follows the form as it is typed into.
let typing, asked = 0;
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.dataset.swap) return;
  clearTimeout(typing);
  typing = setTimeout(async () => {
    const turn = ++asked;
    const url = new URL(form.action);
    for (const [name, value] of new FormData(form)) if (value) url.searchParams.set(name, value);
    const target = document.getElementById(form.dataset.swap);
    const slow = setTimeout(() => target.setAttribute("aria-busy", "true"), 300);
    try {
      const page = await fetched(url);
      if (turn !== asked) return;
      replace(target, page);
      document.title = page.title;
      history.replaceState(history.state, "", url);
    } catch {
      if (turn === asked) form.submit(); // what was typed since has a request of its own
    } finally {
      clearTimeout(slow);
      target.removeAttribute("aria-busy");
    }
  }, 200);
});

const every = (selector, does, within = document) => within.querySelectorAll(selector).forEach(does);
const lost = (is) => every("[data-live-lost]", (badge) => (badge.hidden = !is));

// Screen readers hear of progress at most every few seconds.
const said = new WeakMap();
function tell(place, text) {
  const last = said.get(place) ?? { at: 0 };
  said.set(place, last);
  clearTimeout(last.timer);
  const wait = last.at + sayEvery - Date.now();
  if (wait > 0) return void (last.timer = setTimeout(tell, wait, place, text));
  last.at = Date.now();
  if (place.textContent !== text) place.textContent = text;
}

const seen = new Set();
function job(news) {
  const parts = document.querySelectorAll(`[data-job="${CSS.escape(news.job)}"]`);
  const ended = news.status === "READY" || news.status === "FAILED";
  let stale = ended && parts.length > 0;
  for (const part of parts) {
    every("[data-live-bar]", (bar) => (bar.value = Math.max(bar.value, news.progress)), part);
    // The number alone: how a language writes a percentage stands in the page already.
    const further = (text, number) => text.replace(number, (had) => Math.max(had, news.progress));
    every("[data-live-percent]", (place) => (place.textContent = further(place.textContent, /\d+/)), part);
    if ("liveTitle" in part.dataset) document.title = further(document.title, /(?<=^[^·\d]*)\d+(?=\s?%)/);
    every("[data-live-text]", (place) => tell(place, news.text), part);
    if (part.dataset.status && part.dataset.status !== news.status) stale = true;
    every("[data-step]", (step) => {
      const state = news.steps[step.dataset.step];
      if (state && state !== step.dataset.state) stale = true;
    }, part);
  }
  if (!parts.length && !ended && !seen.has(news.job) && document.querySelector('[data-live~="jobs"]')) stale = true;
  seen.add(news.job);
  if (stale) renew().catch(() => {});
}

function balance({ balance, text }) {
  every("[data-balance]", (place) => {
    if (place.dataset.balance === String(balance)) return;
    place.dataset.balance = balance;
    place.textContent = text;
    if (place.closest('[data-live~="balance"]')) renew().catch(() => {});
  });
}

let source, timer, gone = false;
function poll() {
  timer ??= setInterval(() => {
    renew().catch(() => {});
    if (source?.readyState === EventSource.CLOSED) connect();
  }, pollEvery);
}
function rest() {
  clearInterval(timer);
  timer = undefined;
}
function connect() {
  source?.close();
  source = new EventSource(document.body.dataset.events);
  source.onopen = () => {
    rest();
    lost(false);
    if (gone) renew().catch(() => {});
    gone = false;
  };
  source.onerror = () => {
    if (document.hidden) return;
    gone = true;
    lost(true);
    poll();
  };
  source.addEventListener("job", (event) => job(JSON.parse(event.data)));
  source.addEventListener("balance", (event) => balance(JSON.parse(event.data)));
  source.addEventListener("toast", (event) => document.dispatchEvent(new CustomEvent("tenon:say", { detail: JSON.parse(event.data) })));
}
function hide() {
  rest();
  source?.close();
  gone = true;
}
if (document.body.dataset.events) {
  plan();
  if (!document.hidden) connect();
  document.addEventListener("visibilitychange", () => (document.hidden ? hide() : connect()));
  addEventListener("pagehide", hide);
  addEventListener("pageshow", (event) => event.persisted && connect());
}
