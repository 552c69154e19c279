"""Where the focus is: the scopes of the registry whose keys work now, the nearest first."""

from textual.dom import DOMNode


def scopes_above(node: DOMNode | None) -> tuple[str, ...]:
    """The scopes of a widget and of what it lies in, up to its screen."""
    nodes = () if node is None else node.ancestors_with_self
    return tuple(dict.fromkeys(scope for each in nodes for scope in scopes_of(each)))


def scopes_of(node: DOMNode) -> tuple[str, ...]:
    """The scopes of one node: that of its class, then those of the classes it is made from."""
    found = (kind.__dict__.get("scope") for kind in type(node).__mro__)
    return tuple(scope for scope in found if isinstance(scope, str) and scope)
