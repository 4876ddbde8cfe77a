// What the search shows of a page it has found: a whole sentence with the word in it.

document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  // A page opened from a folder may not read the others.
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

  const LONGEST = 320;
  const TEXT = "p, li, dd, figcaption, .caption-text";
  const NO_TEXT = ".headerlink, .katex-mathml, script, style, pre, button, .admonition-title, .eqno";

  const sentences = (text) => (window.Intl?.Segmenter
    ? [...new Intl.Segmenter("en", { granularity: "sentence" }).segment(text)].map((s) => s.segment.trim())
    : [text]);

  Search.makeSearchSummary = (html, stems, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const main = page.querySelector("article.bd-article") || page.querySelector("main") || page.body;
    const place = (anchor && page.getElementById(anchor.slice(1))) || main;
    place.querySelectorAll(NO_TEXT).forEach((each) => each.remove());
    const words = [...stems].map(
      (stem) => new RegExp(`(^|[^\\p{L}])${stem.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`, "iu"));
    const said = (block) => sentences(block.textContent.replace(/\\[()]/g, "").replace(/\s+/g, " ").trim())
      .filter((sentence) => /[.?!:]["”’)]*$/.test(sentence) && sentence.length <= LONGEST);
    const defined = (term) => said(term.nextElementSibling).slice(0, 1)
      .map((sentence) => `${term.textContent.trim()}: ${sentence}`);
    const terms = place.matches("dl.glossary dt") ? [place] : [...place.querySelectorAll("dl.glossary dt")];
    const blocks = [...place.querySelectorAll(TEXT)].filter((block) => !block.querySelector("p, li"));
    const all = [...terms.flatMap(defined), ...blocks.flatMap(said)];
    const hits = (sentence) => words.filter((word) => word.test(sentence)).length;
    const best = Math.max(0, ...all.map(hits));
    const summary = document.createElement("p");
    summary.className = "context";
    summary.textContent = (best ? all.find((sentence) => hits(sentence) === best) : all[0]) ?? "";
    return summary;
  };
});
