"""The equations of docstrings as mathematics: `h^(t) = tanh(b + W h^(t-1))` becomes TeX.

Docstrings write equations as they can be read in an editor, indented, in Unicode. Here their few
signs are read one by one; a block that holds no such sign, a shell command say, stays as typed.
"""

from __future__ import annotations

import re
import unicodedata

MATHEMATICS = re.compile(r"\^[\w(]|[Σ∂Π⊙‖≠σ]|\bln\b|\b[A-Z]_\w\(")
SIGNS = {
    "Δ": r"\Delta", "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta",
    "λ": r"\lambda", "θ": r"\theta", "μ": r"\mu", "ν": r"\nu",
    "σ": r"\sigma", "τ": r"\tau",
    "Σ": r"\sum", "Π": r"\prod", "∂": r"\partial", "⊙": r"\odot", "·": r"\cdot", "…": r"\dots",
    "∘": r"\circ",
    "‖": r"\Vert", "≤": r"\le", "≠": r"\ne", "|": r"\vert", "{": r"\{", "}": r"\}", "−": "-",
    "tanh": r"\tanh", "exp": r"\exp", "log": r"\log", "ln": r"\ln", "max": r"\max",
    "min": r"\min", "cos": r"\cos",
}  # fmt: skip
FUNCTIONS = {"softmax", "relu", "sqrt", "XOR", "mod", "Re", "Im"}
RAISED = {"²": "2", "ᵀ": r"\top", "⁺": "+", "₂": "2", "*": "*"}
PROSE = {"if", "else", "from", "over", "of", "so", "where", "mean"}
PIECES = re.compile(r"\s{3,}")
KNOWN = "|".join(sorted({*FUNCTIONS} | {sign for sign in SIGNS if len(sign) > 1}))
WORD = rf"(?!(?:{KNOWN})\b)[A-Za-z]{{2,}}"
TOKEN = re.compile(
    r"(?P<code>[A-Za-z]{2,}(?:[._][A-Za-z]{2,})+)"
    rf"|(?P<words>{WORD}(?: {WORD})+)"
    r"|(?P<word>[A-Za-z]{2,})"
    r"|(?P<script>[\^_](?=[\w({]))"
    r"|(?P<given> \| )"
    r"|(?P<space>\s+)"
    r"|(?P<sign>.\u0303?)"
)
GROUP = {"(": ")", "{": "}"}
INLINE = re.compile(r"(`[^`]*`)|\b(\w(?:_\w+)?\^\([^()]*\))")


def inline(line: str, form: str) -> str:
    """A line of prose, with what is like h^(t) set as `form` says, such as ":math:`{}`"."""
    return INLINE.sub(lambda found: found[1] or form.format(tex(found[2])), line)


def is_mathematics(lines: list[str]) -> bool:
    """Is an indented block of a docstring an equation?"""
    return any(MATHEMATICS.search(line) for line in lines)


def tex(line: str) -> str:
    """One line of a docstring's equation, in TeX."""
    return r" \quad ".join(_piece(piece) for piece in PIECES.split(line.strip()))


def block(lines: list[str]) -> list[str]:
    """An indented block as the lines of a math directive; a line further in continues the last."""
    lines = [line for line in lines if line.strip()]
    if len(lines) == 1:
        return [f"   {tex(lines[0])}"]
    start = _indent(lines[0])
    shown = ["& " + r"\qquad " * (_indent(line) > start) + tex(line) for line in lines]
    rows = [*(f"   {each} " + r"\\" for each in shown[:-1]), f"   {shown[-1]}"]
    return [r"   \begin{aligned}", *rows, r"   \end{aligned}"]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _piece(text: str) -> str:
    """What stands between wide gaps: an equation, or a remark in words."""
    if re.search(r'["`]', text) or (" " in text and not re.search(r"[=^_/≤≠Σ∂]|\w\(", text)):
        return r"\text{" + text.replace("`", "").replace("·", r"$\cdot$") + "}"
    text = unicodedata.normalize("NFD", text).replace("=\u0338", "≠")
    atoms: list[tuple[str, str, str]] = []  # base, subscript, superscript
    at = 0
    while at < len(text):
        found = TOKEN.match(text, at)
        assert found is not None and found.lastgroup is not None
        kind, at = found.lastgroup, found.end()
        if kind == "script":
            inner, at = _argument(text, at)
            pair = re.fullmatch(r"[a-z]{2}'?", inner) and inner != "in"  # two indices, such as tj
            _attach(atoms, found[0], inner if pair else _piece(inner))
        elif found[0] in RAISED:
            _attach(atoms, "_" if found[0] == "₂" else "^", RAISED[found[0]])
        else:
            atoms.append((_atom(kind, found[0]), "", ""))
    return "".join(_written(*atom) for atom in atoms).strip()


def _argument(text: str, at: int) -> tuple[str, int]:
    """What a `^` or `_` raises or lowers, and where it ends: a bracket or a run of letters."""
    if text[at] not in GROUP:
        run = re.compile(r"\d+|[^\W\d_]+'?").match(text, at)
        assert run is not None, text
        return run[0], run.end()
    depth = 0
    for end in range(at, len(text)):
        depth += (text[end] in GROUP) - (text[end] in GROUP.values())
        if depth == 0:
            break
    inner = text[at + 1 : end]
    step = text[at] == "(" and text[at - 1] == "^"  # h^(t) keeps its brackets, W_(i+1) does not
    return (f"({inner})" if step else inner), end + 1


def _written(base: str, low: str, high: str) -> str:
    return base + (f"_{{{low}}}" if low else "") + (f"^{{{high}}}" if high else "")


def _attach(atoms: list[tuple[str, str, str]], which: str, inner: str) -> None:
    base, low, high = atoms.pop() if atoms else ("", "", "")
    if which == "_":
        atoms.append((base, inner, high))
    elif high:  # TeX allows no second exponent: (h^(t))²
        atoms.append(("{" + _written(base, low, high) + "}", "", inner))
    else:
        atoms.append((base, low, inner))


def _atom(kind: str, text: str) -> str:
    if len(text) == 2 and text[1] == "\u0303":
        return rf"\tilde {text[0]}"
    if kind == "given":
        return r" \mid "
    if kind == "space":
        return r"\ " if len(text) > 1 else " "
    if text in SIGNS:
        return SIGNS[text] + " "
    if text in FUNCTIONS:
        return rf"\operatorname{{{text}}}"
    if kind == "words" or text in PROSE:
        return rf"\text{{ {text} }}"
    if kind in ("code", "word"):
        return r"\mathrm{" + text.replace("_", r"\_") + "}"
    return text
