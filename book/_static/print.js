// Paper is white: the page is printed in its light theme, whatever the reader has chosen.

(() => {
  const html = document.documentElement;
  let chosen = null;
  const print = () => {
    if (chosen !== null) return;
    chosen = html.dataset.theme;
    html.dataset.theme = "light";
    // What has not been scrolled to is fetched now.
    document.querySelectorAll("img[loading=lazy]:not([hidden])").forEach((img) => { img.loading = "eager"; });
  };
  const show = () => {
    if (chosen === null) return;
    html.dataset.theme = chosen;
    chosen = null;
  };
  window.addEventListener("beforeprint", print);
  window.addEventListener("afterprint", show);
  window.matchMedia("print").addEventListener("change", (event) => (event.matches ? print() : show()));
})();
