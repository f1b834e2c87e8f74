"""Markup as a tree of elements: whatever text goes in comes out as text, never as markup."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final, TypeAlias, final

__all__ = ["Element", "Node", "element", "visible"]

# What HTML allows in no place: control characters, halves of characters, and no characters.
_NEVER: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_VOID: Final = frozenset({"br", "col", "meta"})
# Its content is not parsed as markup, and is ours alone.
_RAW: Final = "style"


@final
@dataclass(frozen=True)
class Element:
    """An element of HTML or SVG; ``str`` writes it.

    Parameters
    ----------
    tag : str
        Its name.
    attributes : tuple of pairs of str
        Names and values; values are escaped when written.
    children : tuple of Element or str
        What it holds; texts are escaped when written.
    """

    tag: str
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple["Element | str", ...] = ()

    def __str__(self) -> str:
        written = "".join(f' {name}="{_escaped(value)}"' for name, value in self.attributes)
        opening = f"<{self.tag}{written}>"
        if self.tag in _VOID:
            return opening
        if self.tag == _RAW:
            return f"{opening}{''.join(map(str, self.children))}</{self.tag}>"
        inside = "".join(
            child if isinstance(child, str) else str(child)
            for child in (
                _escaped(each) if isinstance(each, str) else each for each in self.children
            )
        )
        return f"{opening}{inside}</{self.tag}>"


Node: TypeAlias = "Element | str | Iterable[Node] | None"
"""What an element may hold; None is nothing."""


def element(tag: str, *children: Node, **attributes: object) -> Element:
    """Make an element.

    Parameters
    ----------
    tag : str
        Its name.
    *children : Element, str, None or iterable of them
        What it holds.
    **attributes
        Names may end in an underscore, where Python has the word for itself; others become
        hyphens. An attribute of None is left out.

    Examples
    --------
    >>> print(element("p", "1 < 2", class_="note", aria_label='"a"', id=None))
    <p class="note" aria-label="&quot;a&quot;">1 &lt; 2</p>
    """
    named = tuple(
        (name.rstrip("_").replace("_", "-"), str(value))
        for name, value in attributes.items()
        if value is not None
    )
    return Element(tag, named, tuple(_flat(children)))


def visible(text: str) -> str:
    r"""Replace what no HTML file may hold by the sign for that.

    Examples
    --------
    >>> visible("a\x00b")
    'a\ufffdb'
    """
    return _NEVER.sub("\N{REPLACEMENT CHARACTER}", text)


def _flat(nodes: Iterable[Node]) -> Iterable[Element | str]:
    for node in nodes:
        if isinstance(node, str | Element):
            yield node
        elif node is not None:
            yield from _flat(node)


def _escaped(text: str) -> str:
    return escape(visible(text), quote=True)
