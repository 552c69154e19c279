"""Where the focus is: the places of the registry whose keys work now, the nearest first."""

from textual.dom import DOMNode


def places_above(node: DOMNode | None) -> tuple[str, ...]:
    """The places of a widget and of what it lies in, up to its screen."""
    nodes = () if node is None else node.ancestors_with_self
    return tuple(dict.fromkeys(place for each in nodes for place in places_of(each)))


def places_of(node: DOMNode) -> tuple[str, ...]:
    """The places of one node: that of its class, then those of the classes it is made from."""
    found = (kind.__dict__.get("place") for kind in type(node).__mro__)
    return tuple(place for place in found if isinstance(place, str) and place)
