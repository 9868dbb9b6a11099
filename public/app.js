// On every page: times in the reader's zone, toasts that leave, forms that are sent once.
const zone = new Intl.DateTimeFormat(document.documentElement.lang || "en", { dateStyle: "medium", timeStyle: "short" });
export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const at = new Date(time.dateTime);
    if (isNaN(at)) continue;
    time.title = time.textContent;
    time.textContent = zone.format(at);
    time.dataset.local = "";
  }
}
localise(document);
document.addEventListener("tenon:replaced", (event) => localise(event.target));

for (const toast of document.querySelectorAll(".toast")) setTimeout(() => toast.remove(), 8000);
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
