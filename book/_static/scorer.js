// Sphinx's search ranks by where a word was found. A reader of a course wants the chapter first,
// then the definition, the other pages, and only then the names in the package.
var Scorer = {
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
  score: ([page, title, anchor, , score]) => {
    if (page.startsWith("book/api/")) return Math.min(score, 15);
    const found = Math.min(score, 16);   // an entry of the index counts 100
    if (page === "book/glossary") return 35 + found;
    if (!page.startsWith("notebooks/")) return 18 + found;
    const later = Number(page.slice("notebooks/".length, "notebooks/".length + 2)) / 100;
    return (/solution|exercise|^#ex-/i.test(anchor + title) ? 50 : 60) + found - later;  // earlier first
  },
};
