"""Operations of an ONNX graph, written down one after the other as they are applied."""

from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final, TypeAlias, final

import numpy as np

from linnet.errors import MissingDependencyError

__all__ = ["OnnxGraph", "OnnxValue", "described", "onnx_package"]

OnnxValue: TypeAlias = Any
"""What the package onnx makes: protocol buffers."""

# Version 13 and LabelEncoder of version 2 are understood by every runtime of the last years.
_OPSETS: Final = {"": 13, "ai.onnx.ml": 2}
_IR_VERSION: Final = 8


def onnx_package() -> Any:
    """Import onnx.

    Raises
    ------
    MissingDependencyError
        If it is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingDependencyError(
            "onnx is needed to write ONNX. Install it with: pip install 'linnet[export]'"
        ) from error
    return onnx


@final
@dataclass(frozen=True)
class OnnxGraph:
    """A graph in the making. Values go by name; ours begin with ``prefix``, which no input does."""

    prefix: str
    nodes: list[OnnxValue] = field(default_factory=list)
    constants: list[OnnxValue] = field(default_factory=list)

    def constant(self, values: Any) -> str:
        """Put an array into the graph, and return its name."""
        array = np.asarray(values)
        name = f"{self.prefix}{len(self.constants)}"
        onnx = onnx_package()
        if array.dtype.kind in "OU":
            kind = onnx.TensorProto.STRING
            texts = [str(text).encode() for text in array.ravel()]
            tensor = onnx.helper.make_tensor(name, kind, array.shape, texts)
        else:
            tensor = onnx.numpy_helper.from_array(array, name)
        self.constants.append(tensor)
        return name

    def apply(
        self,
        operation: str,
        *inputs: str,
        gives: str | None = None,
        domain: str = "",
        **settings: Any,
    ) -> str:
        """Apply an operation, and return the name of what it gives."""
        name = f"{self.prefix}node {len(self.nodes)}" if gives is None else gives
        node = onnx_package().helper.make_node(
            operation, list(inputs), [name], name=name, domain=domain, **settings
        )
        self.nodes.append(node)
        return name

    def as_floats(self, value: str) -> str:
        """Cast numbers or truth values to float64."""
        return self.apply("Cast", value, to=onnx_package().TensorProto.DOUBLE)

    def shifted(self, value: str, by: int) -> str:
        """Add a whole number."""
        return self.apply("Add", value, self.constant(by))

    def quotient(self, value: str, by: int) -> str:
        """Divide whole numbers from 0, and drop the rest."""
        return self.apply("Div", value, self.constant(by))

    def remainder(self, value: str, by: int) -> str:
        """Return the rest of a division downwards: never negative."""
        return self.apply("Mod", value, self.constant(by))

    def model(self, inputs: list[OnnxValue], outputs: list[OnnxValue]) -> OnnxValue:
        """Return the finished model."""
        helper = onnx_package().helper
        return helper.make_model(
            helper.make_graph(self.nodes, "linnet", inputs, outputs, self.constants),
            producer_name="linnet",
            producer_version=version("linnet"),
            opset_imports=[helper.make_opsetid(*pair) for pair in _OPSETS.items()],
            ir_version=_IR_VERSION,
        )


def described(name: str, dtype: Any, *shape: str | int) -> OnnxValue:
    """Describe an input or an output."""
    onnx = onnx_package()
    array = np.dtype(dtype)
    kind = (
        onnx.TensorProto.STRING
        if array.kind in "OU"
        else onnx.helper.np_dtype_to_tensor_dtype(array)
    )
    return onnx.helper.make_tensor_value_info(name, kind, list(shape))
