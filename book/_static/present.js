// A chapter as slides, from the page itself: `?present` at the end of its address, or the link below
// its title. Claim, question, figure, verdict, answer come one after another; what was found stays
// hidden until it is asked for. Arrow keys, space, page up and down, two buttons; escape leads back.

(() => {
  const LEFT_OUT = ["exercises", "further-reading", "homework"];  // sections
  const PICTURES = "img, svg:not(.copybtn svg), canvas, .movable, .typed, table, audio, video";
  const opens = (element, word) =>
    element.matches("p") && (element.querySelector("strong")?.textContent ?? "").startsWith(word);

  // What a block has to show: "picture", "cards", "printed", or nothing.
  function kindOf(element) {
    if (element.matches(".math, figure, table, .pst-scrollable-table-container, .admonition.important")) {
      return "picture";
    }
    const output = element.matches(".cell") && element.querySelector(".cell_output");
    if (!output) return element.querySelector(":scope > canvas, :scope > figure") ? "picture" : "";
    if (output.querySelector(".verdict")) return "cards";
    if (output.querySelector(PICTURES)) return "picture";
    return output.textContent.trim() ? "printed" : "";
  }

  // What is in sight, one view after another: a claim, a question, a result, a verdict, the answer.
  function viewsOf(article) {
    const views = [];
    for (const section of article.querySelectorAll("section")) {
      if (LEFT_OUT.some((id) => section.closest(`#${id}`))) continue;
      const heading = section.querySelector(":scope > :is(h1, h2, h3)");
      const view = (kind, ...elements) => {
        views.push({ section, kind, elements: [heading, ...elements].filter(Boolean) });
      };
      let [claimed, asked, result, printed] = [false, false, null, null];
      const reach = (element) => { result = element; printed = null; view("result", element); };
      for (const element of section.children) {
        if (element.matches("section") || element === heading) continue;
        const kind = kindOf(element);
        if (opens(element, "Predict")) {
          [asked, result, printed] = [true, null, null];
          view("text", element);
        } else if (opens(element, "Answer")) {
          if (!result && printed) reach(printed);  // nothing better to look at
          view("answer", result, element);
          asked = false;
          result = null;
        } else if (!claimed && element.matches("p")) {
          claimed = true;
          if (result) view("answer", result, element);
          else view("text", element);
        } else if (claimed && !result && !asked && element.matches(".math")) {
          views.at(-1).elements.push(element);
        } else if (kind === "cards") {
          if (asked && !result && printed) reach(printed);
          for (const card of element.querySelectorAll(".verdict")) view("verdict", element, card);
        } else if (kind === "picture") {
          reach(element);
        } else if (kind === "printed") {
          printed = element;
        } else if (section.id === "what-was-seen") view("text", element);
      }
    }
    return views;
  }

  // Type as large as the view allows, formulas and tables no wider than it; figures get the room left.
  const TYPE = { first: [1.2, 1], text: [1.2, 1] };
  function fit(article) {
    const seen = (selector) => [...article.querySelectorAll(`.present-on ${selector}, .present-on${selector}`)]
      .filter((element) => element.checkVisibility());
    const end = () => article.getBoundingClientRect().bottom + window.scrollY;  // its padding covers the bar
    const pictures = seen(":is(.cell_output, figure) :is(img, svg):not(.copybtn svg)");
    const size = (picture, side) => picture[side === "width" ? "naturalWidth" : "naturalHeight"]
      || Number(picture.getAttribute(side)) || picture.viewBox?.baseVal[side] || 1;
    const height = (pixels) => pictures.forEach((picture) => {
      const width = Math.round((pixels * size(picture, "width")) / size(picture, "height"));
      picture.style.width = `min(100%, ${width}px)`;
      picture.style.height = "auto";
    });

    const least = pictures.length && window.innerHeight * 0.3;
    height(least / pictures.length);
    for (const type of [...(TYPE[document.body.dataset.view] ?? [1]), 0.85, 0.7]) {
      article.style.setProperty("--fit", type);
      for (const wide of seen(":is(.katex-display, .pst-scrollable-table-container)")) {
        wide.dataset.own ??= parseFloat(wide.style.fontSize) || 100;  // a formula has a size of its own
        wide.style.fontSize = `${wide.dataset.own}%`;
        const share = wide.clientWidth / wide.scrollWidth;
        if (share < 1) wide.style.fontSize = `${Math.floor(0.98 * share * wide.dataset.own)}%`;
      }
      if (end() <= window.innerHeight) break;
    }
    height(Math.max(least, least + window.innerHeight - end() - 2) / pictures.length);
  }

  function present(article) {
    const views = viewsOf(article);
    const blocks = article.querySelectorAll("section > *:not(section), .verdict");
    const title = article.querySelector("h1");
    const found = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const section = found?.closest("section");
    let at = Math.max(0, views.findIndex((view) => view.section === section));

    document.body.classList.add("present");
    const bar = document.createElement("nav");
    bar.className = "present-bar";
    bar.setAttribute("aria-label", "Slides");
    bar.innerHTML = `<button type="button" class="present-back">← Back</button>
      <span class="present-place" role="status"></span>
      <button type="button" class="present-next">Next →</button>
      <span class="present-keys"></span>
      <button type="button" class="present-leave">Leave</button>`;
    document.body.append(bar);
    const [back, place, next, keysHint, leave] = bar.children;
    const hint = (text = "Keys: ← → turn, Esc leaves") => { keysHint.textContent = text; };

    function show() {
      const { section: here, kind, elements } = views[at];
      const visible = new Set([title, ...elements]);
      blocks.forEach((block) => block.classList.toggle("present-on", visible.has(block)));
      document.body.dataset.view = at === 0 ? "first" : kind;
      place.textContent = `${at + 1} of ${views.length}`;
      back.disabled = at === 0;
      next.disabled = at === views.length - 1;
      history.replaceState(null, "", `?present#${here.id}`);
      window.scrollTo(0, 0);
      window.dispatchEvent(new Event("resize"));  // formulas and figures take their new width
    }

    const go = (to) => { at = Math.min(Math.max(to, 0), views.length - 1); show(); };
    // A view that is taller than the screen is read to its end before the next one comes.
    function scrolled(by) {
      const before = window.scrollY;
      window.scrollBy({ top: by * (window.innerHeight - 2 * bar.offsetHeight), behavior: "instant" });
      return Math.abs(window.scrollY - before) > 1;
    }
    const on = () => scrolled(1) || go(at + 1);
    const away = () => { location.href = `${location.pathname}#${views[at].section.id}`; };
    const keys = {
      ArrowRight: () => go(at + 1), ArrowLeft: () => go(at - 1),
      " ": on, PageDown: on, PageUp: () => scrolled(-1) || go(at - 1),
      Home: () => go(0), End: () => go(views.length - 1), Escape: away,
    };
    const CONTROLS = "input, textarea, select, canvas, [role=slider], [role=application], [contenteditable]";

    back.addEventListener("click", () => go(at - 1));
    next.addEventListener("click", () => go(at + 1));
    leave.addEventListener("click", away);
    document.addEventListener("focusin", (event) => {
      hint(event.target.closest(CONTROLS) ? "Esc: the keys turn slides again" : undefined);
    });
    document.addEventListener("focusout", () => hint());
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      const control = event.target.closest?.(CONTROLS);
      if (control && event.key === "Escape") {
        control.blur();
      } else if (control && !(control.type === "range" && event.key.startsWith("Page"))) {
        return;  // it has arrow keys of its own
      } else if (event.key === " " && event.target.closest?.("button, a, summary")) {
        return;
      } else keys[event.key]();
      event.preventDefault();
      event.stopPropagation();
    }, true);
    window.addEventListener("resize", () => fit(article));
    new ResizeObserver(() => document.body.classList.toggle(
      "present-more", document.documentElement.scrollHeight > window.innerHeight)).observe(article);
    hint();
    show();
  }

  document.addEventListener("DOMContentLoaded", () => {
    const article = document.querySelector("article.bd-article");
    if (!article || !/\/notebooks\/\d\d_/.test(location.pathname)) return;
    if (new URLSearchParams(location.search).has("present")) present(article);
  });
})();
