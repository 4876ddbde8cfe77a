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

  // What is in sight, one view after another: a heading, the claim or the question, a result, the answer.
  function viewsOf(article) {
    const views = [];
    const add = (section, elements) => {
      const last = views.at(-1)?.elements ?? [];
      if (elements.some((element) => !last.includes(element))) views.push({ section, elements });
    };
    for (const section of article.querySelectorAll("section")) {
      if (LEFT_OUT.some((id) => section.closest(`#${id}`))) continue;
      const heading = section.querySelector(":scope > :is(h1, h2, h3)");
      let [claim, question, result, printed] = [[], null, null, null];
      const view = (...also) => {
        const text = question ? [question] : claim;
        add(section, [heading, ...text, result, ...also].filter(Boolean));
      };
      for (const element of section.children) {
        if (element.matches("section") || element === heading) continue;
        const kind = kindOf(element);
        if (opens(element, "Predict")) {
          [question, result, printed] = [element, null, null];
          view();
        } else if (opens(element, "Answer")) {
          if (!result && printed) { result = printed; view(); }  // nothing better to look at
          view(element);
          question = result = null;
        } else if (!claim.length && element.matches("p")) {
          claim = [element];
          view();
        } else if (claim.length && !result && !question && element.matches(".math")) {
          claim.push(element);
          views.at(-1).elements.push(element);
        } else if (kind === "cards") {
          for (const card of element.querySelectorAll(".verdict")) add(section, [heading, element, card]);
          result ??= question && element;
        } else if (kind === "picture") {
          result = element;
          view();
        } else if (kind === "printed") {
          printed = element;
        } else if (section.id === "what-was-seen") view(element);
      }
    }
    return views;
  }

  // A figure gets the room that the rest of the view leaves, over the whole width if its height allows.
  function fit(article, bar) {
    const pictures = [...article.querySelectorAll(".present-on :is(img, .cell_output svg)")].filter(
      (picture) => picture.checkVisibility());
    const ratio = (picture) => (picture.naturalWidth || picture.getAttribute("width") || 2)
      / (picture.naturalHeight || picture.getAttribute("height") || 1);
    const width = (height) => pictures.forEach((picture) => {
      picture.style.width = `min(100%, ${Math.round(height * ratio(picture))}px)`;
      picture.style.height = "auto";
    });
    const room = window.innerHeight - bar.offsetHeight;
    if (!pictures.length) return;
    width(0);
    const rest = article.getBoundingClientRect().bottom + window.scrollY;  // padding below covers the bar
    width(Math.max((window.innerHeight - rest) / pictures.length, room * 0.4));
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
      const { section: here, elements } = views[at];
      const visible = new Set([title, ...elements]);
      // In the answer's view, the whole of a result's cell; else the one card that is asked for.
      const cards = elements.filter((element) => element.matches(".verdict"));
      blocks.forEach((block) => {
        const open = block.matches(".verdict") && !cards.length && visible.has(block.closest(".cell"));
        block.classList.toggle("present-on", visible.has(block) || open);
      });
      document.body.classList.toggle("present-first", at === 0);
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
    window.addEventListener("resize", () => fit(article, bar));
    hint();
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
