# SPDX-License-Identifier: Apache-2.0
"""Files of records ("TFRecord"), compressed or not."""

import zlib

from caudal import _core
from caudal.framework import errors, files

_CHUNK = 1 << 18
_GZIP_BITS = 16 + zlib.MAX_WBITS  # zlib's way of asking for a gzip header


class TFRecordCompressionType:
    """How a file of records is compressed."""

    NONE = 0
    ZLIB = 1
    GZIP = 2


class TFRecordOptions:
    """How a file of records is compressed, in detail.

    Args:
      compression_type: "GZIP", "ZLIB", "" or None, or a TFRecordCompressionType.
      flush_mode: what zlib does after each record: one of its Z_*_FLUSH numbers.
      input_buffer_size, output_buffer_size: accepted as in TensorFlow.
      window_bits, compression_level, compression_method, mem_level, compression_strategy: as in
        zlib; None stands for its defaults.

    Raises:
      ValueError: for an unknown type.
    """

    compression_type_map = {
        TFRecordCompressionType.ZLIB: "ZLIB",
        TFRecordCompressionType.GZIP: "GZIP",
        TFRecordCompressionType.NONE: "",
    }

    def __init__(self, compression_type=None, flush_mode=None, input_buffer_size=None,
                 output_buffer_size=None, window_bits=None, compression_level=None,
                 compression_method=None, mem_level=None, compression_strategy=None):  # fmt: skip
        self.get_compression_type_string(compression_type)
        self.compression_type = compression_type
        self.flush_mode = flush_mode
        self.input_buffer_size = input_buffer_size
        self.output_buffer_size = output_buffer_size
        self.window_bits = window_bits
        self.compression_level = compression_level
        self.compression_method = compression_method
        self.mem_level = mem_level
        self.compression_strategy = compression_strategy

    @classmethod
    def get_compression_type_string(cls, options):
        """The type as text: "", "GZIP" or "ZLIB".

        Args:
          options: None, text, a TFRecordCompressionType or TFRecordOptions.

        Raises:
          ValueError: for anything else.
        """
        if not options:
            return ""
        if isinstance(options, TFRecordOptions):
            return cls.get_compression_type_string(options.compression_type)
        if isinstance(options, str) and options in cls.compression_type_map.values():
            return options
        if options in cls.compression_type_map:
            return cls.compression_type_map[options]
        raise ValueError('Not a valid compression_type: "%s"' % (options,))

    def _window_bits(self):
        if self.window_bits is not None:
            return self.window_bits
        gzip = self.get_compression_type_string(self) == "GZIP"
        return _GZIP_BITS if gzip else zlib.MAX_WBITS


def _as_options(options):
    return options if isinstance(options, TFRecordOptions) else TFRecordOptions(options)


class _CompressedWriter:
    """A file of records that goes through zlib."""

    def __init__(self, path, options):
        def chosen(value, default):
            return default if value is None else value

        try:
            self._deflate = zlib.compressobj(
                chosen(options.compression_level, zlib.Z_DEFAULT_COMPRESSION),
                chosen(options.compression_method, zlib.DEFLATED),
                options._window_bits(),
                chosen(options.mem_level, zlib.DEF_MEM_LEVEL),
                chosen(options.compression_strategy, zlib.Z_DEFAULT_STRATEGY),
            )
        except ValueError as error:
            raise errors.InvalidArgumentError(
                None, None, "zlib does not take these TFRecordOptions: %s" % error
            ) from None
        self._flush_mode = options.flush_mode
        self._path = path
        try:
            self._file = open(path, "wb")  # noqa: SIM115 - it outlives this function
        except OSError as error:
            raise files.error_of(error, path) from None

    def write(self, record):
        data = self._deflate.compress(_core.record_frame(record))
        if self._flush_mode:
            data += self._deflate.flush(self._flush_mode)
        self._put(data)

    def _put(self, data):
        try:
            self._file.write(data)
        except OSError as error:
            raise files.error_of(error, self._path) from None

    def flush(self):
        self._put(self._deflate.flush(zlib.Z_SYNC_FLUSH))
        try:
            self._file.flush()
        except OSError as error:
            raise files.error_of(error, self._path) from None

    def close(self):
        try:
            self._put(self._deflate.flush())
        finally:
            try:
                self._file.close()
            except OSError as error:
                raise files.error_of(error, self._path) from None


class TFRecordWriter:
    """Writes records to a file; also a context manager.

    Args:
      path: the file, which is replaced.
      options: a TFRecordOptions, TFRecordCompressionType or "GZIP", "ZLIB" or "".

    Raises:
      tf.errors.OpError: if the file cannot be written.
      ValueError: for unknown options.
    """

    def __init__(self, path, options=None):
        options = _as_options(options)
        path = files.as_path(path)
        if TFRecordOptions.get_compression_type_string(options):
            self._writer = _CompressedWriter(path, options)
        else:
            self._writer = self._call(_core.RecordWriter, path)

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()

    def _call(self, function, *args):
        try:
            return function(*args)
        except _core.Error as error:
            raise errors.from_core(error) from None

    def _open(self):
        if self._writer is None:
            raise errors.FailedPreconditionError(
                None, None, "Writer not initialized or previously closed"
            )
        return self._writer

    def write(self, record):
        """Adds a record, bytes. TypeError for anything else."""
        if not isinstance(record, (bytes, bytearray, memoryview)):
            raise TypeError("expected bytes, %s found" % type(record).__name__)
        self._call(self._open().write, bytes(record))

    def flush(self):
        """Hands everything to the file."""
        self._call(self._open().flush)

    def close(self):
        """Closes the file; can be called again."""
        writer, self._writer = self._writer, None
        if writer is not None:
            self._call(writer.close)


def tf_record_iterator(path, options=None):
    """The records of a file, one after the other, as bytes.

    Args:
      path: the file.
      options: how it was compressed, as for TFRecordWriter.

    Raises:
      tf.errors.NotFoundError: if there is no such file.
      tf.errors.DataLossError: for a damaged or truncated record, saying where it begins.
    """
    options = _as_options(options)
    path = files.as_path(path)
    try:
        if not TFRecordOptions.get_compression_type_string(options):
            yield from _core.RecordReader(path)
            return
        parser = _core.RecordParser(path)
        for data in _inflated(path, options._window_bits()):
            parser.feed(data)
            while (record := parser.next()) is not None:
                yield record
        parser.finish()
    except _core.Error as error:
        raise errors.from_core(error) from None


def _inflated(path, window_bits):
    """What a compressed file holds, piece by piece; several streams may follow each other."""
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise files.error_of(error, path) from None
    with file:
        inflate = zlib.decompressobj(window_bits)
        pending = b""
        while True:
            if not pending:
                try:
                    pending = file.read(_CHUNK)
                except OSError as error:
                    raise files.error_of(error, path) from None
                if not pending:
                    return
            if inflate.eof:
                inflate = zlib.decompressobj(window_bits)
            try:
                data = inflate.decompress(pending, _CHUNK)
            except zlib.error as error:
                raise errors.DataLossError(
                    None, None, "inflate() failed: %s; in %s before byte %d"
                    % (error, path, file.tell()),
                ) from None  # fmt: skip
            pending = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            if data:
                yield data
