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

  // What is in sight, one view after another: a heading, the claim or the question, a result, the answer.
  function viewsOf(article) {
    const views = [];
    let question = null;
    let result = null;
    for (const section of article.querySelectorAll("section")) {
      if (LEFT_OUT.some((id) => section.closest(`#${id}`))) continue;
      const heading = section.querySelector(":scope > :is(h1, h2, h3)");
      let claim = [];
      const view = (...also) => {
        const text = question ? [question] : claim;
        views.push({ section, elements: [heading, ...text, result, ...also].filter(Boolean) });
      };
      for (const element of section.children) {
        if (element.matches("section") || element === heading) continue;
        if (opens(element, "Predict")) {
          [question, result] = [element, null];
          view();
        } else if (opens(element, "Answer")) {
          view(element);
          question = result = null;
        } else if (!claim.length && element.matches("p")) {
          claim = [element];
          view();
        } else if (claim.length && !result && !question && element.matches(".math")) {
          claim.push(element);
          views.at(-1).elements.push(element);
        } else if (isShown(element)) {
          result = element;
          view();
        } else if (section.id === "what-was-seen") view(element);
      }
      if (!question) result = null;
    }
    return views;
  }

  function present(article) {
    const views = viewsOf(article);
    const blocks = article.querySelectorAll("section > *:not(section)");
    const title = article.querySelector("h1");
    const found = decodeURIComponent(location.hash.slice(1));
    let at = Math.max(0, views.findIndex((view) => view.section.id === found));

    document.body.classList.add("present");
    const place = document.createElement("p");
    place.className = "present-place";
    place.setAttribute("role", "status");
    article.append(place);

    function show() {
      const { section, elements } = views[at];
      const visible = new Set([title, ...elements]);
      blocks.forEach((block) => block.classList.toggle("present-on", visible.has(block)));
      place.textContent = `${at + 1} of ${views.length}`;
      history.replaceState(null, "", `?present#${section.id}`);
      window.scrollTo(0, 0);
      window.dispatchEvent(new Event("resize"));  // formulas and figures take their new width
    }

    const go = (to) => { at = Math.min(Math.max(to, 0), views.length - 1); show(); };
    const keys = {
      ArrowRight: () => go(at + 1), " ": () => go(at + 1), PageDown: () => go(at + 1),
      ArrowLeft: () => go(at - 1), PageUp: () => go(at - 1),
      Home: () => go(0), End: () => go(views.length - 1),
      Escape: () => { location.href = `${location.pathname}#${views[at].section.id}`; },
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
