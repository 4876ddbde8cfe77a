// A chapter as slides, from the page itself: `?present` at the end of its address, or the link below
// its title. Claim, question, figure, answer come one after another; what was found stays hidden until
// it is asked for. Arrow keys, space, page up and down; escape leads back to the page.

(() => {
  const LEFT_OUT = ["exercises", "further-reading", "homework"];  // sections
  const opens = (element, word) =>
    element.matches("p") && (element.querySelector("strong")?.textContent ?? "").startsWith(word);
  const isShown = (element) =>
    element.matches(".math, figure, table, .pst-scrollable-table-container, .admonition.important") ||
    (element.matches(".cell") && element.querySelector(".cell_output"));

  // The blocks of a section as slides: each a list of steps, each step a list of elements.
  function slidesOf(section) {
    const heading = section.querySelector(":scope > h1, :scope > h2, :scope > h3");
    const slides = [];
    let steps = [];
    const flush = () => { if (steps.length) slides.push({ section, heading, steps }); steps = []; };
    let first = true;
    let answered = false;
    for (const element of section.children) {
      if (element.matches("section") || element === heading) continue;
      if (opens(element, "Predict")) {
        if (answered || steps.length > 1) flush();
        steps.push([element]);
        answered = false;
      } else if (opens(element, "Answer")) {
        steps.push([element]);
        answered = true;
      } else if (first && element.matches("p, ul, ol")) {
        steps.push([element]);
        first = false;
      } else if (isShown(element)) {
        if (element.matches(".math") && steps.length) steps.at(-1).push(element);
        else steps.push([element]);
      } else if (section.id === "what-was-seen") steps.push([element]);
    }
    flush();
    if (!slides.length && heading) slides.push({ section, heading, steps: [[]] });
    return slides;
  }

  function present(article) {
    const sections = [...article.querySelectorAll("section")]
      .filter((section) => !LEFT_OUT.some((id) => section.closest(`#${id}`)));
    const slides = sections.flatMap(slidesOf);
    const blocks = article.querySelectorAll("section > *:not(section)");
    const found = decodeURIComponent(location.hash.slice(1));
    let at = Math.max(0, slides.findIndex((slide) => slide.section.id === found));
    let step = 0;

    document.body.classList.add("present");
    const place = document.createElement("p");
    place.className = "present-place";
    place.setAttribute("role", "status");
    article.append(place);

    function show() {
      const { section, heading, steps } = slides[at];
      const visible = new Set([heading, ...steps.slice(0, step + 1).flat()]);
      blocks.forEach((block) => block.classList.toggle("present-on", visible.has(block)));
      place.textContent = `${at + 1} of ${slides.length}`;
      history.replaceState(null, "", `?present#${section.id}`);
      const last = steps[step].at(-1);
      if (step) last?.scrollIntoView({ block: "nearest" });
      else window.scrollTo(0, 0);
      window.dispatchEvent(new Event("resize"));  // formulas and figures take their new width
    }

    function move(by) {
      const steps = slides[at].steps;
      if (step + by >= 0 && step + by < steps.length) step += by;
      else if (at + by >= 0 && at + by < slides.length) {
        at += by;
        step = by > 0 ? 0 : slides[at].steps.length - 1;
      }
      show();
    }

    const keys = {
      ArrowRight: () => move(1), " ": () => move(1), PageDown: () => move(1),
      ArrowLeft: () => move(-1), PageUp: () => move(-1),
      Home: () => { at = step = 0; show(); },
      End: () => { at = slides.length - 1; step = slides[at].steps.length - 1; show(); },
      Escape: () => { location.href = `${location.pathname}#${slides[at].section.id}`; },
    };
    document.addEventListener("keydown", (event) => {
      const busy = event.target.closest?.(".movable, input, textarea, select, button, a, summary");
      if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      if (busy && event.key !== "Escape") return;  // a slider has arrow keys of its own
      event.preventDefault();
      event.stopPropagation();
      keys[event.key]();
    }, true);
    show();
  }

  document.addEventListener("DOMContentLoaded", () => {
    const article = document.querySelector("article.bd-article");
    if (!article || !/\/notebooks\/\d\d_/.test(location.pathname)) return;
    if (new URLSearchParams(location.search).has("present")) {
      present(article);
      return;
    }
    const link = document.createElement("a");
    link.className = "present-link";
    link.href = "?present";
    link.textContent = "Present this chapter as slides";
    article.querySelector("h1")?.after(link);
  });
})();
