// The filter above the ledger: by kind, and by words anywhere in a statement's row or its section's title.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector(".ledger-filter");
  if (!form) return;
  const [words, count] = [form.querySelector("[type=search]"), form.querySelector("output")];
  const rows = [...document.querySelectorAll("section.verdict")].map((row) => {
    const section = row.parentElement.closest("section");
    const text = `${section.querySelector("h2").textContent} ${row.textContent}`.toLowerCase();
    return { row, section, text };
  });

  function filter() {
    const kind = form.elements.kind.value;
    const wanted = words.value.toLowerCase().split(/\s+/);
    for (const { row, text } of rows) {
      row.hidden = !(row.matches(`.${kind || "verdict"}`) && wanted.every((word) => text.includes(word)));
    }
    for (const { section } of rows) section.hidden = !section.querySelector("section.verdict:not([hidden])");
    count.textContent = `${rows.filter(({ row }) => !row.hidden).length} of ${rows.length} statements`;
  }

  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", () => {  // a link to a row that is filtered out
    const row = document.getElementById(location.hash.slice(1))?.closest("section.verdict[hidden]");
    if (row) { form.reset(); filter(); row.scrollIntoView(); }
  });
  filter();
});
