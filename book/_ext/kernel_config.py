"""How a chapter's kernel draws when the site is built: sharp on every screen, the same every time.

`figures` copies this file to where IPython looks for it.
"""

c = get_config()  # noqa: F821
c.InlineBackend.figure_formats = {"svg"}
c.InlineBackend.print_figure_kwargs = {"bbox_inches": "tight", "metadata": {"Date": None}}
# The ids inside a drawing and the pixels of a map do not depend on chance or on the screen.
c.InlineBackend.rc = {"svg.hashsalt": "figure", "image.interpolation": "none"}
