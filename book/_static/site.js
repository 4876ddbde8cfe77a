// What the theme and the widget manager leave undone. Loaded in <head>, before either of them runs.

// The theme's Font Awesome replaces every <i class="fa-..."> by an <svg>. Play's buttons keep hold
// of their <i>: replaced, they throw, and the slider that is linked to them stops. So: nested.
window.FontAwesomeConfig = { autoReplaceSvg: "nest" };

const each = (selector, act, root = document) => root.querySelectorAll(selector).forEach(act);
const set = (element, name, value) => {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
};

// Font Awesome would make titles of these, which contradict the name of the button around them.
const parsing = new MutationObserver(() => {
  each(".theme-switch-button i[title]", (icon) => icon.removeAttribute("title"));
});
parsing.observe(document, { subtree: true, childList: true });

// Slider and Play come without names for those who cannot see them, and the slider tells them the
// position of the value instead of the value. The readout pretends that one can write into it.
function nameControls(figure) {
  const label = figure.querySelector(".widget-slider .widget-label")?.textContent;
  const handle = figure.querySelector(".noUi-handle");
  const readout = figure.querySelector(".widget-readout");
  const [play, stop] = figure.querySelectorAll(".widget-play button");
  if (!label || !handle || !readout || !stop) return;
  set(handle, "aria-label", label);
  set(handle, "aria-valuetext", readout.textContent);
  set(readout, "contenteditable", "false");
  set(play, "aria-label", `${play.querySelector(".fa-pause") ? "Pause" : "Play"}: ${label}`);
  set(stop, "aria-label", `Stop and go back to the first: ${label}`);
}

// What scrolls has to be within reach of the keyboard.
const reachFormulas = () => each("mjx-container[display]", (formula) => {
  if (formula.scrollWidth > formula.clientWidth) set(formula, "tabindex", "0");
  else formula.removeAttribute("tabindex");
});

document.addEventListener("DOMContentLoaded", () => {
  parsing.disconnect();

  // The widget manager asks for MathJax 2 as soon as it sees any MathJax.
  if (window.MathJax) {
    window.MathJax.Hub = { Queue: ([, , element]) => window.MathJax.typesetPromise([element]) };
    window.MathJax.startup.promise.then(reachFormulas);
    window.addEventListener("resize", reachFormulas);
  }

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

window.addEventListener("load", () => {
  const name = () => each(".movable", nameControls);
  const watched = { subtree: true, childList: true, characterData: true, attributes: true,
    attributeFilter: ["aria-valuetext", "class"] };
  each(".cell_output", (output) => {
    if (output.querySelector('[type$="widget-view+json"]')) {
      new MutationObserver(name).observe(output, watched);
    }
  });
  name();
});
