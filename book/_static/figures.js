// What a reader can do with a figure: enlarge it, take its file, take its address. And for whatever is
// wider than its column: a sign that it goes on, and a way to it for the keyboard.

(() => {
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  const shown = (figure) => [...figure.querySelectorAll("img")].find((image) => !image.closest("[hidden]") && !image.hidden);
  const addressOf = (figure) => `${location.origin}${location.pathname}#${figure.id}`;

  async function copy(button, text) {
    const before = button.textContent;
    await navigator.clipboard.writeText(text).then(
      () => { button.textContent = "Copied"; },
      () => { window.prompt("The address of this figure", text); },
    );
    setTimeout(() => { button.textContent = before; }, 2000);
  }

  // The file is named after the figure, so that it can be found again among a lecturer's slides.
  const download = (figure) => make("a", {
    href: shown(figure).src, download: `${figure.id}.svg`, textContent: "Download",
  });
  const link = (figure) => {
    const button = make("button", { type: "button", textContent: "Copy link" });
    button.addEventListener("click", () => copy(button, addressOf(figure)));
    return button;
  };

  function enlarge(figure) {
    const image = shown(figure);
    const caption = figure.querySelector("figcaption p, .caption-text")?.cloneNode(true) ?? make("p");
    caption.querySelectorAll(".headerlink, .figure-tools").forEach((element) => element.remove());
    const close = make("button", { type: "button", textContent: "Close" });
    const dialog = make("dialog", { className: "figure-large" },
      make("div", { className: "figure-large-picture", tabIndex: 0 },
        make("img", { src: image.src, alt: image.alt })),
      make("div", { className: "figure-large-text", tabIndex: 0 }, caption,
        make("p", { textContent: `CC BY 4.0 · ${document.title} · ${addressOf(figure)}` })),
      make("div", { className: "figure-tools" }, download(figure), link(figure), close));
    dialog.setAttribute("aria-label", "Figure, enlarged");
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("keydown", (event) => { if (event.key === "Escape") dialog.close(); });
    document.body.append(dialog);
    dialog.showModal();
  }

  function equip(figure) {
    const open = make("button", { type: "button", textContent: "Enlarge" });
    open.addEventListener("click", () => enlarge(figure));
    const file = download(figure);
    file.addEventListener("click", () => { file.href = shown(figure).src; });   // the frame in sight
    figure.querySelector("figcaption").append(
      make("div", { className: "figure-tools" }, open, file, link(figure)));
    figure.querySelectorAll("img").forEach((image) => {
      image.classList.add("figure-opens");
      image.addEventListener("click", (event) => { event.preventDefault(); enlarge(figure); });
    });
  }

  // What goes on beyond its right edge fades out there, and can be scrolled by keyboard.
  const WIDE = ".bd-article :is(pre, .wide, .katex-display, .pst-scrollable-table-container)";
  function mark(element) {
    const wide = element.scrollWidth > element.clientWidth + 1;
    const rest = element.scrollWidth - element.clientWidth - element.scrollLeft;
    element.classList.toggle("goes-on", wide && rest > 2);
    if (wide) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".bd-article figure[id]:has(img, figcaption)").forEach((figure) => {
      if (shown(figure) && figure.querySelector("figcaption")) equip(figure);
    });
    const wide = document.querySelectorAll(WIDE);
    const look = new ResizeObserver((entries) => entries.forEach(({ target }) => mark(target)));
    wide.forEach((element) => {
      look.observe(element);
      element.addEventListener("scroll", () => mark(element), { passive: true });
    });
    document.fonts.ready.then(() => wide.forEach(mark));
  });
})();
