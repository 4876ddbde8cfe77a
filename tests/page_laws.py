"""What holds on every page: nothing is cut off unsaid, or too small to hit, or focused unseen."""

from __future__ import annotations

from playwright.sync_api import Page

TARGET, SLIDER = 24, 44  # pixels

# What scrolls sideways fades out where it goes on, and the keyboard reaches it.
UNMARKED = """() => [...document.querySelectorAll(".bd-article *")].filter(e =>
  ["auto", "scroll"].includes(getComputedStyle(e).overflowX) && e.checkVisibility()
  && e.clientWidth && e.scrollWidth > e.clientWidth + 2
  && !(e.tabIndex === 0 && e.classList.contains("goes-on"))).map(e => e.outerHTML.slice(0, 120))"""

READOUTS = """() => [...document.querySelectorAll(".bd-article output")].filter(e =>
  e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML)"""

# Links within a sentence may be as high as its line.
SMALL = """([target, slider]) => [...document.querySelectorAll(
  "button, summary, select, input:not([type=hidden]), [role=button]")].filter(e => {
    const {width, height} = e.getBoundingClientRect();
    const least = e.type === "range" ? slider : target;
    return e.checkVisibility({visibilityProperty: true}) && !e.disabled && width > 1
      && (height < least - .5 || width < Math.min(least, target) - .5);
  }).map(e => e.outerHTML.slice(0, 120))"""

# After a key has been pressed, a script's focus shows as the keyboard's does.
UNRINGED = """() => {
  const look = e => { const s = getComputedStyle(e);
    return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor,
            s.textDecorationLine, s.textDecorationThickness, s.backgroundColor].join(); };
  const all = document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']");
  const seen = [...all].filter(e => !e.disabled && e.getBoundingClientRect().width > 1
    && e.checkVisibility({visibilityProperty: true, opacityProperty: true}));
  const plain = [];
  for (const e of seen) {
    document.activeElement.blur();
    const before = look(e);
    e.focus({preventScroll: true});
    if (document.activeElement === e && look(e) === before) plain.push(e.outerHTML.slice(0, 120));
  }
  document.activeElement.blur();
  return plain;
}"""


def broken(page: Page) -> dict[str, list[str]]:
    """The elements that break a law, by its name."""
    page.keyboard.press("Tab")
    found = {
        "goes on without a sign": page.evaluate(UNMARKED),
        "readout cut": page.evaluate(READOUTS),
        "too small to hit": page.evaluate(SMALL, [TARGET, SLIDER]),
        "no visible focus": page.evaluate(UNRINGED),
    }
    return {law: elements for law, elements in found.items() if elements}
