// On every page: local times, toasts, protection against double submission, copy buttons, and a preview of the theme.
const root = document.documentElement;
const options = { dateStyle: "medium", timeStyle: "short", ...(root.dataset.zone && { timeZone: root.dataset.zone }) };
const format = (extra) => {
  try {
    return new Intl.DateTimeFormat(root.lang || "en", { ...options, ...extra });
  } catch {
    return new Intl.DateTimeFormat(root.lang || "en", { dateStyle: "medium", timeStyle: "short", ...extra }); // this browser does not know the zone
  }
};
const full = format({});
const clock = format({ dateStyle: undefined, timeStyle: "medium" });

function localise(part) {
  for (const time of part.querySelectorAll("time[datetime]:not([data-local])")) {
    const at = new Date(time.dateTime);
    if (isNaN(at)) continue;
    time.title = time.textContent;
    time.textContent = (time.hasAttribute("data-clock") ? clock : full).format(at);
    time.dataset.local = "";
  }
}
localise(document);
document.addEventListener("tenon:morphed", (event) => localise(event.target));

const toasts = document.getElementById("toasts");
function makeDismissible(toast) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button quiet small only";
  button.setAttribute("aria-label", toasts.dataset.close);
  button.textContent = "×";
  button.addEventListener("click", () => toast.remove());
  toast.append(button);
  const expire = () => (toast.matches(":hover, :focus-within") ? setTimeout(expire, 2000) : toast.remove());
  if (toast.parentNode === toasts) setTimeout(expire, 8000); // the sample on /dev/ui stays
}
for (const toast of document.querySelectorAll(".toast")) makeDismissible(toast);
function showToast({ text, href }) {
  const toast = document.createElement("div");
  const message = document.createElement("p");
  toast.className = "toast";
  message.textContent = text;
  toast.append(message);
  if (href && href !== location.pathname) {
    const link = document.createElement("a");
    link.href = href;
    link.textContent = toasts.dataset.open;
    toast.append(link);
  }
  toasts.append(toast);
  makeDismissible(toast);
}

document.addEventListener("tenon:toast", (event) => showToast(event.detail));

// Notices are shown once: a reload or a bookmark must not repeat them.
const shown = new URL(location);
if (shown.searchParams.has("notice") || shown.searchParams.has("problem")) {
  shown.searchParams.delete("notice");
  shown.searchParams.delete("problem");
  history.replaceState(history.state, "", shown);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  form.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
  button.textContent = button.dataset.copied ?? "✓";
});
document.addEventListener("change", (event) => {
  if (event.target.name !== "theme") return;
  if (event.target.value === "light" || event.target.value === "dark") root.dataset.theme = event.target.value;
  else delete root.dataset.theme;
});
