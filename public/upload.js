// A file field that takes drops, shows what was chosen and asks a caption for each file; it stays a plain field without.
const size = new Intl.NumberFormat(document.documentElement.lang || "en", { maximumFractionDigits: 1 });

function enhance(zone) {
  const input = zone.querySelector("input[type=file]");
  const list = document.createElement("ul");
  list.className = "thumbs";
  zone.append(list);
  let urls = [];

  const show = () => {
    const captions = [...list.querySelectorAll("input")].map((field) => field.value);
    for (const url of urls) URL.revokeObjectURL(url);
    urls = [];
    list.replaceChildren(...[...input.files].map((file, n) => {
      const item = document.createElement("li");
      const url = URL.createObjectURL(file);
      urls.push(url);
      const picture = new Image();
      picture.src = url;
      picture.alt = "";
      const name = document.createElement("span");
      name.className = "name";
      name.textContent = `${file.name} · ${size.format(file.size / 1e6)} MB`;
      name.title = file.name;
      item.append(picture, name);
      if (zone.dataset.caption) {
        const caption = document.createElement("input");
        caption.name = "caption";
        caption.maxLength = 200;
        caption.value = captions[n] ?? "";
        caption.placeholder = zone.dataset.caption;
        caption.setAttribute("aria-label", `${zone.dataset.caption}: ${file.name}`);
        item.append(caption);
      }
      return item;
    }));
  };

  input.addEventListener("change", show);
  for (const type of ["dragenter", "dragover"])
    zone.addEventListener(type, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      zone.classList.add("over");
    });
  for (const type of ["dragleave", "drop"]) zone.addEventListener(type, () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    const all = new DataTransfer();
    for (const file of [...input.files, ...event.dataTransfer.files]) all.items.add(file);
    input.files = all.files;
    show();
  });
  if (input.files.length) show();
}

const enhanceAll = (root) => root.querySelectorAll("[data-drop]").forEach(enhance);
enhanceAll(document);
document.addEventListener("tenon:replaced", (event) => enhanceAll(event.target));
