"""What stands in a page of the site, made fit for paper."""

from __future__ import annotations

import json
import re

from bs4 import BeautifulSoup, Tag

#: what serves a screen only
CONTROLS = ".headerlink, script, noscript, button, input, select, textarea, canvas, iframe"


def fragment(html: str) -> BeautifulSoup:
    """A piece of HTML, to be put somewhere."""
    return BeautifulSoup(html, "html.parser")


def adapt(article: Tag, address: str) -> None:
    """Change the content of a page whose place on the site is `address`."""
    for figure in article.select(".movable"):
        three_frames(figure, address)
    for field in article.select(".typed input"):
        field.replace_with(fragment(f"<code>{field['value']}</code>"))
    for sound in article.select("audio"):
        sound.replace_with(fragment(f'<a href="{address}">Listen on the site</a>'))
    for folded in article.select("details"):
        unfold(folded)
    for control in article.select(CONTROLS):
        control.decompose()
    for picture in article.select("img"):
        picture.attrs.pop("loading", None)  # what is lazy would not be there yet
    for code in article.select(".highlight pre"):
        by_line(code)


def three_frames(figure: Tag, address: str) -> None:
    """Show the first, the middle and the last frame of a movable figure, each with its value."""
    names = json.loads(figure["data-names"])
    frames = figure.select_one(".movable-frames")
    pictures = frames.select("img")
    chosen = sorted({0, len(pictures) // 2, len(pictures) - 1})
    frames.clear()
    for index in chosen:
        pictures[index].attrs.pop("hidden", None)
        value = fragment(f"<figure><figcaption>{figure['aria-label']}: </figcaption></figure>")
        value.figcaption.append(names[index])
        value.figure.insert(0, pictures[index])
        frames.append(value)
    moves = fragment(f'<p class="moves">{len(chosen)} of {len(names)} frames: '
                     f'<a href="{address}">on the site</a>, this figure moves.</p>')  # fmt: skip
    frames.append(moves)


def unfold(folded: Tag) -> None:
    """Leave out folded code but for a line that names it; open whatever else is folded."""
    if "hide" not in folded.get("class", []):
        folded["open"] = ""
        return
    line = folded.summary.select_one(".collapsed") or folded.summary
    kept = folded.select(".cell_output")
    if not kept:
        named = line.get_text().strip()
        folded.replace_with(fragment(f'<p class="folded">{named} (in the notebook)</p>'))
        return
    for output in reversed(kept):
        folded.insert_after(output.extract())
    folded.decompose()


def by_line(code: Tag) -> None:
    """Put each line of highlighted code into an element, so that a line too long shows its turn."""
    lines, tags, line = [], [], ""
    for token in re.split(r"(<[^>]+>|\n)", code.decode_contents().rstrip("\n")):
        if token == "\n":
            lines.append(line + "</span>" * len(tags))
            line = "".join(tags)
            continue
        if token.startswith("</"):
            tags.pop()
        elif token.startswith("<"):
            tags.append(token)
        line += token
    lines.append(line)
    shown = "".join(f'<span class="line">{each}</span>' for each in lines)
    code.replace_with(fragment(f"<pre>{shown}</pre>"))  # blanks are kept inside of <pre> only


def take_solutions(article: Tag) -> list[Tag]:
    """Take the solutions out of a page; leave at each exercise a line that leads to its own."""
    taken = []
    for solution in article.select(".solution"):
        exercise = article.find(id=solution.a["href"].removeprefix("#"))
        exercise.append(
            fragment(f'<p class="to-solution"><a href="#{solution["id"]}">Solution</a>, page '
                     f'{page_of(solution["id"])}</p>')
        )  # fmt: skip
        taken.append(solution.extract())
    return taken


def page_of(anchor: str) -> str:
    """The number of the page on which something stands: filled in once that is known."""
    return f'<span class="page-of" data-of="{anchor}">000</span>'
