// SPDX-License-Identifier: Apache-2.0
// Owns: TensorFlow's files for users of the library: checkpoints, records, event files.
// Called by: programs in C++, language bindings, kernels that save and restore.
// Must not know: graphs, sessions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "caudal/tensor.h"

namespace caudal {

/// A saved set of named tensors. Reads version 2 (`prefix.index` and data files) and version 1 (a
/// single file, or several that a pattern names). Only names are read at first, tensors on demand;
/// may be used from several threads. Damaged files throw DataLoss with file and offset.
class CAUDAL_API CheckpointReader {
 public:
  /// Throws NotFound when there is no checkpoint of this name.
  explicit CheckpointReader(const std::string& prefix);
  ~CheckpointReader();
  CheckpointReader(CheckpointReader&&) noexcept;
  CheckpointReader& operator=(CheckpointReader&&) noexcept;

  /// Sorted. Tensors stored in parts appear once, as a whole.
  std::vector<std::string> names() const;
  bool has(const std::string& name) const;
  /// These throw NotFound for a name that is not there.
  DType dtype(const std::string& name) const;
  Shape shape(const std::string& name) const;
  Tensor read(const std::string& name) const;
  /// A part, named as in TensorFlow's shape_and_slices: "10 4 0,4:-" or "" for all.
  Tensor read_slice(const std::string& name, const std::string& shape_and_slice) const;
  /// The parts in which a tensor is stored, in the words of read_slice(); none when it is whole.
  std::vector<std::string> slices(const std::string& name) const;
  /// Where a tensor starts: reading in this order goes through the files from front to back.
  std::int64_t position(const std::string& name) const;
  /// 1 or 2.
  int version() const;
  /// One line per tensor: name, dtype, shape, and in how many parts it is stored.
  std::string debug_string() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

/// Writes `prefix.index` and `prefix.data-00000-of-00001`, byte for byte as TensorFlow does.
/// Nothing appears under these names before finish(); if that fails, or the process dies, an
/// earlier checkpoint of the same prefix is still there.
class CAUDAL_API CheckpointWriter {
 public:
  explicit CheckpointWriter(const std::string& prefix);
  ~CheckpointWriter();
  CheckpointWriter(CheckpointWriter&&) noexcept;
  CheckpointWriter& operator=(CheckpointWriter&&) noexcept;

  /// Values are written at once, in the order of the calls. Throws InvalidArgument for a name that
  /// was used before, ResourceExhausted when the disk is full.
  void add(const std::string& name, const Tensor& value);
  /// A part of a tensor; all parts of it get the same full shape.
  void add_slice(const std::string& name, const std::string& shape_and_slice, const Tensor& value);
  /// Returns once everything is on the disk under its names.
  void finish();

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

/// Makes one checkpoint of several (version 2), whose data files are renamed and not copied; their
/// folders go too if `delete_folders`.
CAUDAL_API void merge_checkpoints(const std::vector<std::string>& prefixes,
                                  const std::string& destination, bool delete_folders = true);

/// Takes records ("TFRecord") out of a stream of bytes that arrives in pieces.
class CAUDAL_API RecordParser {
 public:
  /// `source` names the stream in errors; its first byte has this offset.
  explicit RecordParser(std::string source, std::uint64_t offset = 0)
      : source_(std::move(source)), offset_(offset) {}
  void feed(std::string_view bytes);
  /// False when more bytes are needed. Throws DataLoss for a damaged record, before which it stays.
  bool next(std::string& record);
  /// To be called at the end of the stream: throws DataLoss if that is inside of a record.
  void finish() const;
  /// Where the next record starts.
  std::uint64_t offset() const { return offset_; }
  /// How many bytes are missing for the next record, as far as that is known.
  std::uint64_t wanted() const;

 private:
  std::string source_, buffer_;
  std::size_t begin_ = 0;  ///< in the buffer
  std::uint64_t offset_;
};

/// The bytes that stand before and after a record in a file.
CAUDAL_API std::string record_header(std::string_view record);
CAUDAL_API std::string record_footer(std::string_view record);

/// Reads an uncompressed file of records, one after the other.
class CAUDAL_API RecordReader {
 public:
  explicit RecordReader(const std::string& path, std::uint64_t offset = 0);
  ~RecordReader();
  RecordReader(RecordReader&&) noexcept;
  RecordReader& operator=(RecordReader&&) noexcept;

  /// False at the end of the file. Throws DataLoss for a damaged or truncated record; the reader
  /// then stands before it, and may be asked again once the file has grown.
  bool next(std::string& record);
  /// Where the next record starts.
  std::uint64_t offset() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

class CAUDAL_API RecordWriter {
 public:
  /// Replaces the file, or goes on at its end.
  explicit RecordWriter(const std::string& path, bool append = false);
  ~RecordWriter();  ///< closes; what cannot be written then is lost: call close()
  RecordWriter(RecordWriter&&) noexcept;
  RecordWriter& operator=(RecordWriter&&) noexcept;

  void write(std::string_view record);
  /// Hands everything to the system; with `sync`, to the disk.
  void flush(bool sync = false);
  void close();

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

/// Writes an event file for TensorBoard: a file in `folder` named after time and host. It is made,
/// with the folder, when the first event is written.
class CAUDAL_API EventWriter {
 public:
  explicit EventWriter(const std::string& folder, const std::string& suffix = "");
  ~EventWriter();
  EventWriter(EventWriter&&) noexcept;
  EventWriter& operator=(EventWriter&&) noexcept;

  /// Makes the file now.
  void open();
  /// A serialised tensorflow.Event.
  void write(std::string_view event);
  /// One point of a curve.
  void scalar(std::string_view tag, float value, std::int64_t step);
  /// A serialised tensorflow.GraphDef.
  void graph(std::string_view graph_def);
  /// Returns once everything written so far is on the disk.
  void flush();
  void close();
  /// Goes on in a new file.
  void reopen();
  /// Of the current file; empty before there is one.
  const std::string& path() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

/// The whole content of a file, or no change: written under another name and then renamed.
CAUDAL_API void write_file_atomically(const std::string& path, std::string_view bytes);

/// The checksum in these files, and the form in which it is stored.
CAUDAL_API std::uint32_t checksum(std::string_view bytes, std::uint32_t before = 0);
CAUDAL_API std::uint32_t masked_checksum(std::string_view bytes);

}  // namespace caudal
