// What the theme leaves undone, and what moves the movable figures. Loaded in <head>.

const each = (selector, act, root = document) => root.querySelectorAll(selector).forEach(act);
const set = (element, name, value) => {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
};

// Font Awesome would make titles of these, which contradict the name of the button around them.
const parsing = new MutationObserver(() => {
  each(".theme-switch-button i[title]", (icon) => icon.removeAttribute("title"));
});
parsing.observe(document, { subtree: true, childList: true });

// A movable figure: all its frames are in the page, one of them is shown. Those that are not shown
// yet are fetched as soon as somebody reaches for the figure.
function bringToLife(figure) {
  const frames = [...figure.querySelectorAll(".movable-frames img")];
  const slider = figure.querySelector("input");
  const readout = figure.querySelector("output");
  const play = figure.querySelector(".movable-play");
  const names = JSON.parse(figure.dataset.names);
  const label = figure.getAttribute("aria-label");
  let timer = null;

  const show = async (index) => {
    slider.value = index;
    slider.setAttribute("aria-valuetext", names[index]);
    readout.textContent = names[index];
    frames[index].loading = "eager";
    await frames[index].decode().catch(() => {});   // no blank in between
    if (slider.valueAsNumber === index) frames.forEach((frame, k) => { frame.hidden = k !== index; });
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.classList.remove("playing");
    play.setAttribute("aria-label", `Play: ${label}`);
  };
  const step = () => {
    if (slider.valueAsNumber === frames.length - 1) return stop();
    return show(slider.valueAsNumber + 1);
  };

  slider.addEventListener("input", () => { stop(); show(slider.valueAsNumber); });
  figure.querySelector(".movable-back").addEventListener("click", () => { stop(); show(0); });
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (slider.valueAsNumber === frames.length - 1) show(0);
    timer = setInterval(step, Number(figure.dataset.interval));
    play.classList.add("playing");
    play.setAttribute("aria-label", `Pause: ${label}`);
  });
  const fetchAll = () => frames.forEach((frame) => { frame.loading = "eager"; });
  for (const reached of ["pointerenter", "focusin"]) {
    figure.addEventListener(reached, fetchAll, { once: true });
  }
  figure.querySelector(".movable-controls").hidden = false;
}

document.addEventListener("DOMContentLoaded", () => {
  parsing.disconnect();

  each("div.movable", bringToLife);

  // What is folded is named by the line that is read, "How this is drawn", not by another one.
  each("details.hide > summary[aria-label]", (line) => line.removeAttribute("aria-label"));

  // The theme's script throws where a page with a margin note has no "on this page" column.
  if (!document.querySelector("div.bd-sidebar-secondary")) {
    const column = document.createElement("div");
    column.className = "bd-sidebar-secondary";
    column.hidden = true;
    document.body.append(column);
  }

  // The theme puts the logo outside every landmark, and names a button other than it reads.
  each("#pst-primary-sidebar", (bar) => {
    set(bar, "role", "region");
    set(bar, "aria-label", "Site");
  });
  each(".search-button-field", (button) => button.removeAttribute("aria-label"));
  // The arrow that unfolds a page's own pages has no name.
  each("li.has-children > details > summary", (arrow) => {
    const page = arrow.closest("li").querySelector("a");
    set(arrow, "aria-label", `Pages under ${page.textContent.trim()}`);
  });
  // A role that has been withdrawn from the standard, inside a list.
  each("[role=doc-biblioentry]", (entry) => set(entry, "role", "listitem"));
});
