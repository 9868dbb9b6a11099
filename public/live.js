// A section that follows its job: [data-live] with data-events (server-sent events) or data-poll (seconds).
const policy = globalThis.trustedTypes?.createPolicy("tenon-live", { createHTML: (html) => html });
const lostPoll = 3000;
const sayEvery = 5000;

// `raw`: the section's HTML as the server sent it, where known.
function follow(section, raw) {
  const part = (name) => section.querySelectorAll(`[data-live-${name}]`);
  let source, timer, saidAt = 0, saying, gone = false;

  const stop = () => {
    gone = true;
    source?.close();
    clearTimeout(timer);
    clearTimeout(saying);
  };
  const lost = (is) => {
    for (const badge of part("lost")) badge.hidden = !is;
  };
  const say = (text) => {
    clearTimeout(saying);
    const wait = saidAt + sayEvery - Date.now();
    if (wait > 0) return void (saying = setTimeout(say, wait, text));
    saidAt = Date.now();
    for (const place of part("text")) place.textContent = text;
  };
  const state = (step, value) => {
    for (const item of section.querySelectorAll("[data-step]")) if (item.dataset.step === step) item.dataset.state = value;
  };

  // Fetches the page again and puts the new section in the old one's place, if it differs and nobody is typing in it.
  const renew = async (force) => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (answer.redirected && !answer.url.startsWith(location.origin + location.pathname)) return location.assign(answer.url);
    if (!answer.ok) throw new Error(String(answer.status));
    const html = await answer.text();
    const page = new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, "text/html");
    const fresh = page.getElementById(section.id);
    if (!fresh) return location.reload();
    const sent = fresh.innerHTML;
    if (gone || (!force && (sent === raw || document.activeElement?.matches("input,textarea,select")))) return;
    const focused = section.contains(document.activeElement) && document.activeElement.id;
    stop();
    section.replaceWith(document.adoptNode(fresh));
    if (focused) document.getElementById(focused)?.focus();
    fresh.dispatchEvent(new Event("tenon:replaced", { bubbles: true }));
    document.title = page.title;
    if (fresh.matches("[data-live]")) follow(fresh, sent);
  };
  const poll = (every) => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      if (gone) return;
      try {
        if (!document.hidden) await renew();
        if (!source) lost(false);
      } catch {
        lost(true);
      }
      if (!gone) poll(every);
    }, every);
  };

  if (section.dataset.poll) poll(1000 * section.dataset.poll);
  if (!section.dataset.events) return;
  source = new EventSource(section.dataset.events);
  source.onopen = () => {
    clearTimeout(timer);
    lost(false);
  };
  source.onerror = () => {
    if (gone) return;
    lost(true);
    poll(lostPoll);
    if (source.readyState === EventSource.CLOSED) source = undefined;
  };
  source.addEventListener("progress", (event) => {
    const { progress, step, text } = JSON.parse(event.data);
    if (progress !== undefined) {
      for (const bar of part("bar")) bar.value = progress;
      for (const number of part("percent")) number.textContent = `${progress} %`;
    }
    if (step) state(step, "running");
    if (text) say(text);
  });
  source.addEventListener("step", (event) => {
    const { step, state: value } = JSON.parse(event.data);
    state(step, value);
  });
  source.addEventListener("done", async () => {
    source.close();
    try {
      await renew(true);
    } catch {
      location.reload();
    }
  });
  addEventListener("pagehide", stop, { once: true });
}

for (const section of document.querySelectorAll("[data-live]")) follow(section);
