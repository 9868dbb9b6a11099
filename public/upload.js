// A file field that accepts drops and uploads each file on its own, with its own progress bar; without this script it is
// a plain file field in a plain form. form[data-api] is where files go, form[data-create] creates the project first, and
// form[data-quote] gives the price for a number of files.
const stalledAfter = 30_000; // ms without progress or a response

// live.js refreshes the page; resolves when it has.
function renew() {
  const detail = {};
  document.dispatchEvent(new CustomEvent("tenon:renew", { detail }));
  return detail.done;
}

const size = new Intl.NumberFormat(document.documentElement.lang || "en", { maximumFractionDigits: 1 });

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

// Rejects with a sentence for the user, or an empty one. entry.abort() cancels.
function send(form, csrf, entry) {
  const { file, bar } = entry;
  return new Promise((resolve, reject) => {
    const body = new FormData();
    body.set("_csrf", csrf);
    body.set("file", file);
    for (const field of entry.fields) if (field.value) body.set(field.dataset.field, field.value);
    const request = new XMLHttpRequest();
    let timer;
    const moved = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        reject(new Error(form.dataset.stalled));
        request.abort();
      }, stalledAfter);
    };
    entry.abort = () => request.abort();
    request.open("POST", form.dataset.api);
    request.responseType = "json";
    request.setRequestHeader("X-CSRF-Token", csrf);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => {
      moved();
      if (event.lengthComputable) bar.value = (100 * event.loaded) / event.total;
    };
    request.onload = () => {
      if (request.status < 300) return resolve();
      const refusal = new Error(request.response?.error ?? "");
      refusal.final = request.status === 413 || request.status === 415;
      reject(refusal);
    };
    request.onerror = request.onabort = () => reject(new Error(""));
    request.onloadend = () => clearTimeout(timer);
    moved();
    request.send(body);
  });
}

function enhance(zone) {
  if (zone.dataset.ready) return;
  zone.dataset.ready = "yes";
  const form = zone.closest("form");
  const input = zone.querySelector("input[type=file]");
  const list = make("ul", "thumbs");
  zone.append(list);
  const csrf = form.elements._csrf.value;
  const waiting = [];
  let sending = false;

  // The price of the files chosen so far; only the newest answer counts.
  let asked = 0;
  const estimate = async () => {
    const place = form.querySelector("[data-estimate]");
    if (!place || !form.dataset.quote || form.dataset.page) return;
    const turn = ++asked;
    const count = list.querySelectorAll(":scope > li:not([data-refused])").length;
    let words = "";
    if (count > 0)
      try {
        const answer = await fetch(form.dataset.quote + count, { headers: { Accept: "application/json" } });
        if (answer.ok) words = (await answer.json()).text;
      } catch {} // no price is better than an old one
    if (turn === asked) place.textContent = words;
  };

  // One button: Cancel during the upload, Remove otherwise.
  const callOff = ({ cancel, file }, label) => {
    cancel.textContent = label;
    cancel.setAttribute("aria-label", `${label}: ${file.name}`);
  };
  const row = (file) => {
    const item = make("li");
    const thumbnail = new Image();
    if (file.type.startsWith("image/")) thumbnail.src = URL.createObjectURL(file);
    thumbnail.alt = "";
    thumbnail.addEventListener("error", () => thumbnail.remove()); // not an image after all: its name is enough
    const name = make("span", "name", `${file.name} · ${size.format(file.size / 1e6)} MB`);
    const bar = make("progress", "thin");
    bar.max = 100;
    bar.value = 0;
    bar.hidden = !form.dataset.api;
    bar.setAttribute("aria-label", `${zone.dataset.uploading}: ${file.name}`);
    const cancel = make("button", "button small");
    cancel.type = "button";
    if (thumbnail.src) item.append(thumbnail);
    item.append(name, bar);
    const entry = { file, item, bar, thumbnail, cancel, fields: [] };
    callOff(entry, form.dataset.remove);
    cancel.addEventListener("click", () => {
      entry.cancelled = true;
      if (waiting.includes(entry)) waiting.splice(waiting.indexOf(entry), 1);
      entry.abort?.();
      gone(entry);
    });
    for (const { name, label } of form.dataset.create ? JSON.parse(zone.dataset.fields || "[]") : []) {
      const field = make("input");
      field.dataset.field = name;
      field.maxLength = form.dataset.longest;
      field.placeholder = label;
      field.setAttribute("aria-label", `${label}: ${file.name}`);
      entry.fields.push(field);
      item.append(field);
    }
    item.append(cancel);
    list.append(item);
    return entry;
  };

  const gone = (entry) => {
    URL.revokeObjectURL(entry.thumbnail.src);
    entry.item.remove();
    input.focus({ preventScroll: true });
    estimate();
  };

  // A retry helps against a network error, not against a file that is too large.
  const failed = (entry, sentence, repeatable = true) => {
    const words = make("span", "error", sentence || zone.dataset.failed);
    words.setAttribute("role", "alert");
    const again = make("button", "button small", zone.dataset.again);
    again.type = "button";
    again.setAttribute("aria-label", `${zone.dataset.again}: ${entry.file.name}`);
    again.addEventListener("click", () => {
      words.remove();
      again.remove();
      waiting.push(entry);
      work();
    });
    entry.bar.hidden = true;
    callOff(entry, form.dataset.remove);
    entry.cancel.before(words);
    if (repeatable) return entry.cancel.before(again);
    entry.item.dataset.refused = "";
    for (const field of entry.fields) field.remove();
    estimate();
  };

  // A file was refused but the project exists: link to it instead of creating a second one.
  const offerPage = () => {
    if (form.querySelector("[data-made]")) return;
    const made = make("p", "", `${form.dataset.stay} `);
    made.dataset.made = "";
    const link = make("a", "button primary", form.dataset.go);
    link.href = form.dataset.page;
    form.elements.title.readOnly = true;
    const price = form.querySelector("[data-estimate]");
    if (price) price.textContent = "";
    const button = form.querySelector("button:not([type=button])");
    button.hidden = true;
    button.before(link);
    button.parentNode.before(made);
  };

  // One at a time, in the order in which they were chosen.
  const work = async () => {
    if (sending || !form.dataset.api) return;
    sending = true;
    for (let entry; (entry = waiting.shift()); ) {
      entry.bar.hidden = false;
      callOff(entry, form.dataset.cancel);
      try {
        await send(form, csrf, entry);
        if (!form.dataset.create) await renew()?.catch(() => {}); // stored all the same; the page catches up later
        URL.revokeObjectURL(entry.thumbnail.src);
        entry.item.remove();
      } catch (problem) {
        if (!entry.cancelled) failed(entry, problem.message, !problem.final);
      }
    }
    sending = false;
    if (!form.dataset.create || !form.dataset.page) return;
    if (list.children.length) offerPage();
    else location.assign(form.dataset.page);
  };

  const add = (files) => {
    for (const file of files) {
      const entry = row(file);
      if (file.size > Number(form.dataset.most || Infinity)) failed(entry, form.dataset.tooLarge, false);
      else waiting.push(entry);
    }
    input.value = "";
    estimate();
    work();
  };
  input.required = false;
  input.addEventListener("change", () => add([...input.files]));
  for (const type of ["dragenter", "dragover"])
    zone.addEventListener(type, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      zone.classList.add("over");
    });
  for (const type of ["dragleave", "drop"]) zone.addEventListener(type, () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
  if (input.files.length) add([...input.files]);

  if (!form.dataset.create) return;
  form.addEventListener("submit", async (event) => {
    if (form.dataset.page) {
      event.preventDefault();
      return location.assign(form.dataset.page);
    }
    if (form.getAttribute("aria-busy")) return event.preventDefault();
    if (!waiting.length) return; // without files the plain form is enough
    event.preventDefault();
    form.querySelector("[data-not-made]:not(form)")?.remove();
    form.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.dataset.create, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf, Accept: "application/json" },
        body: JSON.stringify({ title: form.elements.title.value }),
      });
      const project = await answer.json().catch(() => ({}));
      if (!answer.ok || !project.id) throw new Error(project.error ?? "");
      form.dataset.api = `${form.dataset.create}/${project.id}/inputs`;
      form.dataset.page = `/app/projects/${project.id}`;
      await work();
    } catch (problem) {
      const words = make("p", "error", problem instanceof TypeError ? form.dataset.notMade : problem.message || form.dataset.notMade);
      words.setAttribute("role", "alert");
      words.dataset.notMade = "";
      form.append(words);
    }
    form.removeAttribute("aria-busy");
  });
}

const enhanceAll = (part) => part.querySelectorAll("[data-drop]").forEach(enhance);
enhanceAll(document);
document.addEventListener("tenon:morphed", (event) => enhanceAll(event.target));
