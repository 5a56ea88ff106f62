# SPDX-License-Identifier: Apache-2.0
"""Signatures: what a served graph takes and gives."""

from caudal.framework import dtypes, ops
from caudal.saved_model import signature_constants as names
from caudal.saved_model import utils

__all__ = [
    "build_signature_def",
    "classification_signature_def",
    "is_valid_signature",
    "predict_signature_def",
    "regression_signature_def",
]


def build_signature_def(inputs=None, outputs=None, method_name=None):
    """A SignatureDef message.

    Args:
      inputs, outputs: dicts of names and TensorInfo messages.
      method_name: what the server does with it, one of `signature_constants`.
    """
    from caudal import proto

    made = proto.SignatureDef()
    for ours, theirs in ((made.inputs, inputs), (made.outputs, outputs)):
        for name, info in (theirs or {}).items():
            ours[name].CopyFrom(proto.of(proto.TensorInfo, info))
    if method_name is not None:
        made.method_name = method_name
    return made


def _typed(tensor, dtype, text):
    info = utils.build_tensor_info(ops.convert_to_tensor(tensor))
    if info.dtype != dtype._enum:
        raise ValueError(text)
    return info


def regression_signature_def(examples, predictions):
    """The signature of a regression.

    Args:
      examples: string Tensor of serialized examples.
      predictions: float Tensor.

    Raises:
      ValueError: for None and other dtypes.
    """
    if examples is None:
        raise ValueError("Regression examples cannot be None.")
    if not isinstance(examples, ops.Tensor):
        raise ValueError("Regression examples must be a string Tensor.")
    if predictions is None:
        raise ValueError("Regression predictions cannot be None.")
    inputs = _typed(examples, dtypes.string, "Regression examples must be a string Tensor.")
    outputs = _typed(predictions, dtypes.float32, "Regression output must be a float Tensor.")
    return build_signature_def(
        {names.REGRESS_INPUTS: inputs},
        {names.REGRESS_OUTPUTS: outputs},
        names.REGRESS_METHOD_NAME,
    )


def classification_signature_def(examples, classes, scores):
    """The signature of a classification.

    Args:
      examples: string Tensor of serialized examples.
      classes: string Tensor, or None.
      scores: float Tensor, or None.

    Raises:
      ValueError: for None and other dtypes.
    """
    if examples is None:
        raise ValueError("Classification examples cannot be None.")
    if not isinstance(examples, ops.Tensor):
        raise ValueError("Classification examples must be a string Tensor.")
    if classes is None and scores is None:
        raise ValueError("Classification classes and scores cannot both be None.")
    inputs = _typed(examples, dtypes.string, "Classification examples must be a string Tensor.")
    outputs = {}
    if classes is not None:
        outputs[names.CLASSIFY_OUTPUT_CLASSES] = _typed(
            classes, dtypes.string, "Classification classes must be a string Tensor."
        )
    if scores is not None:
        outputs[names.CLASSIFY_OUTPUT_SCORES] = _typed(
            scores, dtypes.float32, "Classification scores must be a float Tensor."
        )
    return build_signature_def({names.CLASSIFY_INPUTS: inputs}, outputs, names.CLASSIFY_METHOD_NAME)


def predict_signature_def(inputs, outputs):
    """The signature of a prediction: dicts of names and Tensors.

    Raises:
      ValueError: if one is empty.
    """
    if not inputs:
        raise ValueError("Prediction inputs cannot be None or empty.")
    if not outputs:
        raise ValueError("Prediction outputs cannot be None or empty.")
    return build_signature_def(
        {name: utils.build_tensor_info(t) for name, t in inputs.items()},
        {name: utils.build_tensor_info(t) for name, t in outputs.items()},
        names.PREDICT_METHOD_NAME,
    )


def is_valid_signature(signature_def):
    """Whether a SignatureDef message is one of the three kinds above."""
    if signature_def is None:
        return False
    inputs, outputs = signature_def.inputs, signature_def.outputs

    def is_of(infos, name, dtype):
        return set(infos) == {name} and infos[name].dtype == dtype._enum

    method = signature_def.method_name
    if method == names.PREDICT_METHOD_NAME:
        return bool(inputs) and bool(outputs)
    if method == names.REGRESS_METHOD_NAME:
        return is_of(inputs, names.REGRESS_INPUTS, dtypes.string) and is_of(
            outputs, names.REGRESS_OUTPUTS, dtypes.float32
        )
    if method == names.CLASSIFY_METHOD_NAME:
        allowed = {
            names.CLASSIFY_OUTPUT_CLASSES: dtypes.string,
            names.CLASSIFY_OUTPUT_SCORES: dtypes.float32,
        }
        return (
            is_of(inputs, names.CLASSIFY_INPUTS, dtypes.string)
            and bool(outputs)
            and all(
                name in allowed and outputs[name].dtype == allowed[name]._enum for name in outputs
            )
        )
    return False
