// A file field that takes drops and sends each chosen file by itself with a bar of its own; without this script it is
// a plain file field in a plain form. form[data-api] names where files go; form[data-create] first makes the project.

// live.js brings the page up to date and says when it has.
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

// Resolves with nothing, rejects with a sentence.
function send(url, csrf, file, caption, onProgress) {
  return new Promise((resolve, reject) => {
    const body = new FormData();
    body.set("_csrf", csrf);
    body.set("file", file);
    if (caption) body.set("caption", caption);
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.responseType = "json";
    request.setRequestHeader("X-CSRF-Token", csrf);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => event.lengthComputable && onProgress((100 * event.loaded) / event.total);
    request.onload = () => (request.status < 300 ? resolve() : reject(new Error(request.response?.error ?? "")));
    request.onerror = request.ontimeout = () => reject(new Error(""));
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

  const row = (file) => {
    const item = make("li");
    const picture = new Image();
    picture.src = URL.createObjectURL(file);
    picture.alt = "";
    const name = make("span", "name", `${file.name} · ${size.format(file.size / 1e6)} MB`);
    const bar = make("progress", "thin");
    bar.max = 100;
    bar.value = 0;
    bar.hidden = !form.dataset.api;
    bar.setAttribute("aria-label", `${zone.dataset.uploading}: ${file.name}`);
    item.append(picture, name, bar);
    const entry = { file, item, bar, picture };
    if (zone.dataset.caption && form.dataset.create) {
      const caption = make("input");
      caption.maxLength = 200;
      caption.placeholder = zone.dataset.caption;
      caption.setAttribute("aria-label", `${zone.dataset.caption}: ${file.name}`);
      entry.caption = caption;
      item.append(caption);
    }
    list.append(item);
    return entry;
  };

  const failed = (entry, sentence) => {
    const words = make("span", "error", sentence || zone.dataset.failed);
    words.setAttribute("role", "alert");
    const again = make("button", "button small", zone.dataset.again);
    again.type = "button";
    again.addEventListener("click", () => {
      words.remove();
      again.remove();
      waiting.push(entry);
      work();
    });
    entry.item.append(words, again);
  };

  // One at a time, in the order they were chosen: that is the order of the film.
  const work = async () => {
    if (sending || !form.dataset.api) return;
    sending = true;
    let troubles = 0;
    for (let entry; (entry = waiting.shift()); ) {
      entry.bar.hidden = false;
      try {
        await send(form.dataset.api, csrf, entry.file, entry.caption?.value, (share) => (entry.bar.value = share));
        if (!form.dataset.create) await renew();
        URL.revokeObjectURL(entry.picture.src);
        entry.item.remove();
      } catch (trouble) {
        ++troubles;
        failed(entry, trouble.message);
      }
    }
    sending = false;
    if (form.dataset.create && troubles === 0 && form.dataset.page) location.assign(form.dataset.page);
  };

  const add = (files) => {
    for (const file of files) waiting.push(row(file));
    input.value = "";
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
    add([...event.dataTransfer.files].filter((file) => file.type.startsWith("image/")));
  });
  if (input.files.length) add([...input.files]);

  if (!form.dataset.create) return;
  form.addEventListener("submit", async (event) => {
    if (!waiting.length || form.dataset.page) return; // no files: the plain form does it
    event.preventDefault();
    form.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.dataset.create, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf, Accept: "application/json" },
        body: JSON.stringify({ title: form.elements.title.value }),
      });
      const project = await answer.json();
      if (!answer.ok) throw new Error(project.error);
      form.dataset.api = `${form.dataset.create}/${project.id}/inputs`;
      form.dataset.page = `/app/projects/${project.id}`;
      await work();
    } catch {
      form.submit(); // the page says what is wrong
    }
    form.removeAttribute("aria-busy");
  });
}

const enhanceAll = (part) => part.querySelectorAll("[data-drop]").forEach(enhance);
enhanceAll(document);
document.addEventListener("tenon:replaced", (event) => enhanceAll(event.target));
