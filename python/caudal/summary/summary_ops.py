# SPDX-License-Identifier: Apache-2.0
"""Nodes that make values for TensorBoard: `tf.summary.scalar` and so on."""

import re

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply
from caudal.platform import tf_logging

_FORBIDDEN = re.compile(r"[^-/\w\.]")


def clean_tag(name):
    """A name with characters that tags may not have replaced by "_"; None stays."""
    if name is None:
        return None
    new_name = _FORBIDDEN.sub("_", name).lstrip("/")
    if new_name != name:
        tf_logging.info("Summary name %s is illegal; using %s instead.", name, new_name)
    return new_name


class _scope:
    """A scope for the nodes of one summary; gives (tag, scope)."""

    def __init__(self, name, family, values):
        name = clean_tag(name)
        self._family = clean_tag(family)
        if not name:
            raise ValueError("%r is not a valid node name" % name)
        self._scope = ops.name_scope(
            name if family is None else "%s/%s" % (self._family, name), None, values
        )

    def __enter__(self):
        scope = self._scope.__enter__()
        tag = scope.rstrip("/")
        return (tag if self._family is None else "%s/%s" % (self._family, tag)), scope

    def __exit__(self, *args):
        return self._scope.__exit__(*args)


def _collect(summary, collections, default):
    for key in default if collections is None else collections:
        ops.add_to_collection(key, summary)
    return summary


def scalar(name, tensor, collections=None, family=None):
    """A summary of one number. Op: ScalarSummary.

    Args:
      name: name of the node, which is the tag in TensorBoard.
      tensor: scalar of a real type.
      collections: keys of collections to add it to, by default GraphKeys.SUMMARIES.
      family: a prefix of the tag under which TensorBoard groups it.

    Returns:
      A string scalar, a serialized `Summary`.
    """
    with _scope(name, family, [tensor]) as (tag, scope):
        summary = apply("ScalarSummary", tag, tensor, name=scope)
    return _collect(summary, collections, [ops.GraphKeys.SUMMARIES])


def histogram(name, values, collections=None, family=None):
    """A summary of how values are distributed. Op: HistogramSummary.

    Args:
      name: name of the node, which is the tag in TensorBoard.
      values: tensor of a real type and any shape; NaN and infinity are errors.
      collections: keys of collections to add it to, by default GraphKeys.SUMMARIES.
      family: a prefix of the tag under which TensorBoard groups it.

    Returns:
      A string scalar, a serialized `Summary`.
    """
    with _scope(name, family, [values]) as (tag, scope):
        summary = apply("HistogramSummary", tag, values, name=scope)
    return _collect(summary, collections, [ops.GraphKeys.SUMMARIES])


def image(name, tensor, max_outputs=3, collections=None, family=None):
    """A summary of images. Op: ImageSummary.

    Args:
      name: name of the node; tags are name/image, or name/image/0 and so on for several.
      tensor: [batch, height, width, 1, 3 or 4]; uint8 as it is, float scaled to fill 0 to 255.
      max_outputs: how many images at most.
      collections: keys of collections to add it to, by default GraphKeys.SUMMARIES.
      family: a prefix of the tag under which TensorBoard groups it.

    Returns:
      A string scalar, a serialized `Summary`.
    """
    with _scope(name, family, [tensor]) as (tag, scope):
        summary = apply("ImageSummary", tag, tensor, max_images=max_outputs, name=scope)
    return _collect(summary, collections, [ops.GraphKeys.SUMMARIES])


def audio(name, tensor, sample_rate, max_outputs=3, collections=None, family=None):
    """A summary of sounds. Op: AudioSummaryV2.

    Args:
      name: name of the node; tags are name/audio, or name/audio/0 and so on for several.
      tensor: float32 [batch, frames, channels] or [batch, frames], in [-1, 1].
      sample_rate: float32 scalar, in hertz.
      max_outputs: how many sounds at most.
      collections: keys of collections to add it to, by default GraphKeys.SUMMARIES.
      family: a prefix of the tag under which TensorBoard groups it.

    Returns:
      A string scalar, a serialized `Summary`.
    """
    with _scope(name, family, [tensor]) as (tag, scope):
        sample_rate = ops.convert_to_tensor(sample_rate, dtype=dtypes.float32, name="sample_rate")
        summary = apply(
            "AudioSummaryV2", tag, tensor, sample_rate, max_outputs=max_outputs, name=scope
        )
    return _collect(summary, collections, [ops.GraphKeys.SUMMARIES])


def tensor_summary(name, tensor, summary_description=None, collections=None,
                   summary_metadata=None, family=None, display_name=None):  # fmt: skip
    """A summary of a whole tensor. Op: TensorSummaryV2.

    Args:
      name: name of the node, which is the tag in TensorBoard.
      tensor: of any type and shape.
      summary_description: a text about it, in Markdown.
      collections: keys of collections to add it to, by default GraphKeys.SUMMARIES.
      summary_metadata: a `tf.SummaryMetadata`: which plugin of TensorBoard shows it.
      family: a prefix of the tag under which TensorBoard groups it.
      display_name: what TensorBoard shows as its name.

    Returns:
      A string scalar, a serialized `Summary`.
    """
    from caudal import proto

    metadata = proto.SummaryMetadata()
    if summary_metadata is not None:
        metadata.CopyFrom(proto.of(proto.SummaryMetadata, summary_metadata))
    if display_name is not None:
        metadata.display_name = display_name
    if summary_description is not None:
        metadata.summary_description = summary_description
    with _scope(name, family, [tensor]) as (tag, scope):
        summary = apply("TensorSummaryV2", tag, tensor, metadata.SerializeToString(), name=scope)
    return _collect(summary, collections, [ops.GraphKeys.SUMMARIES])


def text(name, tensor, collections=None):
    """A summary of text. Op: TensorSummaryV2.

    Args:
      name: name of the node, which is the tag in TensorBoard.
      tensor: string tensor; TensorBoard shows it as Markdown, a matrix as a table.
      collections: keys of collections to add it to, by default GraphKeys.SUMMARIES.

    Raises:
      ValueError: for a tensor of another type.
    """
    from caudal import proto

    if tensor.dtype != dtypes.string:
        raise ValueError(
            "Expected tensor %s to have dtype string, got %s" % (tensor.name, tensor.dtype)
        )
    plugin = proto.SummaryMetadata.PluginData(plugin_name="text")
    return tensor_summary(
        name,
        tensor,
        summary_metadata=proto.SummaryMetadata(plugin_data=plugin),
        collections=collections,
    )


def merge(inputs, collections=None, name=None):
    """One summary with the values of several. Op: MergeSummary.

    Args:
      inputs: list of string tensors, serialized `Summary` messages; no tag may occur twice.
      collections: keys of collections to add it to, by default none.
      name: name of the scope.

    Returns:
      A string scalar.
    """
    name = clean_tag(name)
    with ops.name_scope(name, "Merge", inputs):
        summary = apply("MergeSummary", inputs, name=name)
    return _collect(summary, collections, [])


def merge_all(key=ops.GraphKeys.SUMMARIES, scope=None, name=None):
    """All summaries of a collection merged into one, or None if there are none.

    Args:
      key: key of the collection.
      scope: a regular expression that names have to begin with.
      name: name of the scope.
    """
    summaries = ops.get_collection(key, scope=scope)
    return merge(summaries, name=name) if summaries else None


def get_summary_description(node_def):
    """The `SummaryDescription` in the attr `description` of a TensorSummary node.

    Raises:
      ValueError: for nodes of other ops.
    """
    from google.protobuf import json_format

    from caudal import proto

    if node_def.op != "TensorSummary":
        raise ValueError("Can't get_summary_description on %s" % node_def.op)
    description = node_def.attr["description"].s.decode()
    return json_format.Parse(description, proto.SummaryDescription())


def all_v2_summary_ops():
    """An empty list: there are no summaries that write themselves."""
    return []
