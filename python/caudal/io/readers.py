# SPDX-License-Identifier: Apache-2.0
"""Readers: records of files, one after the other, whose names come out of a queue."""

from caudal.framework import ops
from caudal.framework.op_factory import apply
from caudal.io.tf_record import TFRecordOptions

__all__ = [
    "FixedLengthRecordReader",
    "IdentityReader",
    "ReaderBase",
    "TFRecordReader",
    "TextLineReader",
    "WholeFileReader",
]


class ReaderBase:
    """What all readers have. Make one of a subclass.

    Args:
      reader_ref: the handle, a resource scalar.
      supports_serialize: whether its state can be saved.
    """

    def __init__(self, reader_ref, supports_serialize=False):
        self._reader_ref = reader_ref
        self._supports_serialize = supports_serialize

    @property
    def reader_ref(self):
        """The handle, a resource scalar."""
        return self._reader_ref

    @property
    def supports_serialize(self):
        """Whether the state can be saved."""
        return self._supports_serialize

    def read(self, queue, name=None):
        """The next record. Op: ReaderReadV2.

        Args:
          queue: queue of file names, a Queue or its handle. It is asked when a file is finished.
          name: name of the node.

        Returns:
          A pair (key, value) of string scalars. Running raises OutOfRangeError when the queue is
          closed and empty.
        """
        return apply("ReaderReadV2", self._reader_ref, _handle(queue), name=name)

    def read_up_to(self, queue, num_records, name=None):
        """Up to `num_records` records, fewer at the end of a file. Op: ReaderReadUpToV2.

        Args:
          queue: queue of file names, a Queue or its handle.
          num_records: int64 scalar.
          name: name of the node.

        Returns:
          A pair (keys, values) of string vectors.
        """
        return apply("ReaderReadUpToV2", self._reader_ref, _handle(queue), num_records, name=name)

    def num_records_produced(self, name=None):
        """How many records have been read, int64 scalar. Op: ReaderNumRecordsProducedV2."""
        return apply("ReaderNumRecordsProducedV2", self._reader_ref, name=name)

    def num_work_units_completed(self, name=None):
        """How many files are finished, int64 scalar. Op: ReaderNumWorkUnitsCompletedV2."""
        return apply("ReaderNumWorkUnitsCompletedV2", self._reader_ref, name=name)

    def serialize_state(self, name=None):
        """Not available.

        Raises:
          NotImplementedError: always.
        """
        raise NotImplementedError("The state of a reader cannot be saved")

    def restore_state(self, state, name=None):
        """Not available.

        Raises:
          NotImplementedError: always.
        """
        raise NotImplementedError("The state of a reader cannot be restored")

    def reset(self, name=None):
        """Makes the reader forget its file and its counts. Op: ReaderResetV2."""
        return apply("ReaderResetV2", self._reader_ref, name=name)


def _reader(op_name, name, **attrs):
    return apply(op_name, container=ops.get_default_graph()._container, name=name, **attrs)


def _handle(queue):
    return queue if isinstance(queue, ops.Tensor) else queue.queue_ref


class WholeFileReader(ReaderBase):
    """Reads files as a whole: the key is the name. Op: WholeFileReaderV2."""

    def __init__(self, name=None):
        super().__init__(_reader("WholeFileReaderV2", name), supports_serialize=False)


class TextLineReader(ReaderBase):
    """Reads lines, without their ends; keys are "file:number", from 1. Op: TextLineReaderV2.

    Args:
      skip_header_lines: how many lines of each file to leave out.
      name: name of the node.
    """

    def __init__(self, skip_header_lines=None, name=None):
        ref = _reader("TextLineReaderV2", name, skip_header_lines=skip_header_lines or 0)
        super().__init__(ref)


class FixedLengthRecordReader(ReaderBase):
    """Reads records of a fixed length; keys are "file:number". Op: FixedLengthRecordReaderV2.

    Args:
      record_bytes: length of a record.
      header_bytes: bytes at the start of each file to leave out.
      footer_bytes: bytes at its end to leave out.
      hop_bytes: from the start of a record to the next one, by default its length.
      name: name of the node.
      encoding: "", "ZLIB" or "GZIP".
    """

    def __init__(self, record_bytes, header_bytes=None, footer_bytes=None, hop_bytes=None,
                 name=None, encoding=None):  # fmt: skip
        ref = _reader(
            "FixedLengthRecordReaderV2", name, record_bytes=record_bytes,
            header_bytes=header_bytes or 0, footer_bytes=footer_bytes or 0,
            hop_bytes=hop_bytes or 0, encoding=encoding or "",
        )  # fmt: skip
        super().__init__(ref)


class TFRecordReader(ReaderBase):
    """Reads files of records; keys are "file:offset". Op: TFRecordReaderV2.

    Args:
      name: name of the node.
      options: a TFRecordOptions that tells how files are compressed.
    """

    def __init__(self, name=None, options=None):
        compression = TFRecordOptions.get_compression_type_string(options)
        super().__init__(_reader("TFRecordReaderV2", name, compression_type=compression))


class IdentityReader(ReaderBase):
    """Gives the names themselves, as keys and values. Op: IdentityReaderV2."""

    def __init__(self, name=None):
        super().__init__(_reader("IdentityReaderV2", name))
