"""Finding and changing nodes of an ONNX graph, nested graphs included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from app.errors import BundleError


class Refused(BundleError):
    """A graph that cannot be served as it is; the message names the node and what would work."""


def refused(node: NodeProto, remedy: str) -> Refused:
    """Name a node that stands in the way."""
    kind = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
    return Refused(f"node {node.name or node.output[0]!r} ({kind}) cannot be served: {remedy}")


def all_graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """Yield the graph and those inside its nodes (branches, loops)."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from all_graphs(attribute.g)
            for inner in attribute.graphs:
                yield from all_graphs(inner)


def all_nodes(graph: GraphProto) -> Iterator[NodeProto]:
    """Yield the nodes of the graph and of those inside it."""
    for each in all_graphs(graph):
        yield from each.node


class Editor:
    """One model's main graph while it is changed."""

    def __init__(self, model: ModelProto) -> None:
        self.graph = model.graph
        self.constants = {tensor.name: tensor for tensor in self.graph.initializer}

    @property
    def inputs(self) -> dict[str, ValueInfoProto]:
        """What must be fed: inputs that are no named constants."""
        return {each.name: each for each in self.graph.input if each.name not in self.constants}

    @property
    def outputs(self) -> dict[str, ValueInfoProto]:
        """The graph's outputs by name."""
        return {each.name: each for each in self.graph.output}

    def producer(self, value: str) -> NodeProto | None:
        """Return the node of the main graph that computes a value."""
        return next((node for node in self.graph.node if value in node.output), None)

    def readers(self, value: str) -> list[NodeProto]:
        """Return all nodes, nested ones included, that read a value."""
        return [node for node in all_nodes(self.graph) if value in node.input]

    def constant(
        self, name: str, values: Sequence[int] | int, kind: int = TensorProto.INT64
    ) -> str:
        """Add whole numbers, once, and return their name."""
        if name not in self.constants:
            dims = [] if isinstance(values, int) else [len(values)]
            numbers = [values] if isinstance(values, int) else values
            self._add(helper.make_tensor(name, kind, dims, numbers))
        return name

    def scalar(self, name: str, value: float) -> str:
        """Add a float32 number, once, and return its name."""
        if name not in self.constants:
            self._add(helper.make_tensor(name, TensorProto.FLOAT, [], [value]))
        return name

    def rename_readings(self, old: str, new: str) -> None:
        """Let every node that reads `old` read `new`."""
        for node in self.readers(old):
            for at, value in enumerate(node.input):
                if value == old:
                    node.input[at] = new

    def insert(self, before: NodeProto, *nodes: NodeProto) -> None:
        """Insert nodes in front of another of the main graph, which may read them."""
        place = next(at for at, node in enumerate(self.graph.node) if node is before)
        for node in reversed(nodes):
            self.graph.node.insert(place, node)

    def drop_input(self, name: str) -> None:
        """Remove an input."""
        for value in [value for value in self.graph.input if value.name == name]:
            self.graph.input.remove(value)

    def add_input(self, name: str, kind: int, shape: Sequence[int | str]) -> None:
        """Add an input; a value that had its name before gets another."""
        for node in all_nodes(self.graph):
            for at, value in enumerate(node.output):
                if value == name:
                    node.output[at] = f"penstock/own/{name}"
        self.rename_readings(name, f"penstock/own/{name}")
        self.graph.input.append(helper.make_tensor_value_info(name, kind, shape))

    def prune(self) -> None:
        """Drop nodes whose results nobody reads, and inputs that nothing reads any more."""
        while dead := self._dead():
            for place in reversed(dead):
                del self.graph.node[place]
        read = self._read()
        for name in {each.name for each in self.graph.input} - read:
            self.drop_input(name)
        # What an exporter wrote down about shapes does not hold any more.
        for graph in all_graphs(self.graph):
            del graph.value_info[:]

    def _dead(self) -> list[int]:
        read = self._read()
        nodes = enumerate(self.graph.node)
        return [place for place, node in nodes if read.isdisjoint(node.output)]

    def _read(self) -> set[str]:
        """Return the values that are read anywhere, or are results of a graph."""
        read = {name for node in all_nodes(self.graph) for name in node.input}
        results = {each.name for graph in all_graphs(self.graph) for each in graph.output}
        return (read | results) - {""}

    def _add(self, tensor: TensorProto) -> None:
        self.graph.initializer.append(tensor)
        self.constants[tensor.name] = tensor


def dims(value: ValueInfoProto) -> list[int | str]:
    """Return the dimensions: numbers, or the names of free ones."""
    shape = value.type.tensor_type.shape.dim
    return [dim.dim_value if dim.HasField("dim_value") else dim.dim_param for dim in shape]


def word(node: NodeProto, name: str, default: str) -> str:
    """Return a word among a node's attributes."""
    return next((each.s.decode() for each in node.attribute if each.name == name), default)


def attribute(node: NodeProto, name: str, default: int = 0) -> int:
    """Return a whole number among a node's attributes."""
    return next((int(each.i) for each in node.attribute if each.name == name), default)
