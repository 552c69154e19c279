"""The scopes around the focus, whose keys work now."""

from textual.dom import DOMNode


def scopes_above(node: DOMNode | None) -> tuple[str, ...]:
    """The scopes of a widget and its ancestors, nearest first."""
    nodes = () if node is None else node.ancestors_with_self
    return tuple(dict.fromkeys(scope for each in nodes for scope in scopes_of(each)))


def scopes_of(node: DOMNode) -> tuple[str, ...]:
    """The scopes of one node: that of its class, then those of its base classes."""
    found = (kind.__dict__.get("scope") for kind in type(node).__mro__)
    return tuple(scope for scope in found if isinstance(scope, str) and scope)
