"""How a chapter's kernel draws when the site is built: sharp on every screen, the same every time.

`figures` copies this file to where IPython looks for it.
"""

c = get_config()  # noqa: F821
c.InlineBackend.figure_formats = {"svg"}
c.InlineBackend.print_figure_kwargs = {"bbox_inches": "tight", "metadata": {"Date": None}}
# rnn_course.figures.style.STYLE, without importing the package before a chapter does.
c.InlineBackend.rc = {
    "axes.edgecolor": "#767676",
    "axes.labelcolor": "#222222",
    "axes.labelsize": 12,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 12,
    "image.interpolation": "none",
    "legend.fontsize": 11,
    "legend.frameon": False,
    "svg.hashsalt": "figure",
    "text.color": "#222222",
    "xtick.color": "#222222",
    "xtick.labelsize": 11,
    "ytick.color": "#222222",
    "ytick.labelsize": 11,
}
