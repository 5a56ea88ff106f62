// SPDX-License-Identifier: Apache-2.0
// Owns: files: reading at offsets, appending, and replacing a file as a whole or not at all.
// Called by: readers and writers of formats, kernels that touch files.
// Must not know: formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "caudal/error.h"

namespace caudal::io {

/// Throws what an errno stands for, with the path in front.
[[noreturn]] void fail_errno(std::string_view path, int error);

bool file_exists(const std::string& path);
/// "" where there is no folder in the path.
std::string folder_of(const std::string& path);
/// Makes the last folder of a path where it is missing; other mistakes show when the file is made.
void make_folder_for(const std::string& path);
void rename_file(const std::string& from, const std::string& to);
/// Makes renames and removals in the folder of `path` durable.
void sync_folder_of(const std::string& path);
/// Names in the folder of `path` that begin with the last part of it, without the folder.
std::vector<std::string> siblings_with_prefix(const std::string& path);
/// Paths that match a shell pattern, sorted; just the path itself where such a file exists.
std::vector<std::string> matching_files(const std::string& pattern);
std::string read_whole_file(const std::string& path);

/// A file open for reading; may be used from several threads.
class File {
 public:
  explicit File(std::string path);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::string& path() const { return path_; }
  /// As it was when opened.
  std::uint64_t size() const { return size_; }
  /// Throws DataLoss when the file ends before `offset + size`.
  void read_at(std::uint64_t offset, void* to, std::size_t size) const;
  /// Reads less only at the end of the file, which may have grown since.
  std::size_t read_some(std::uint64_t offset, void* to, std::size_t size) const;

 private:
  std::string path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

/// A file being written, through a buffer. The destructor does not flush: call close().
class OutFile {
 public:
  enum class Mode { kReplace, kAppend, kFresh };  ///< kFresh: must not exist yet
  OutFile(std::string path, Mode mode);
  ~OutFile();
  OutFile(const OutFile&) = delete;
  OutFile& operator=(const OutFile&) = delete;

  const std::string& path() const { return path_; }
  std::uint64_t position() const { return position_; }
  bool is_open() const { return fd_ >= 0; }
  void append(std::string_view bytes);
  /// Hands the buffer to the system.
  void flush();
  /// Returns once all is on the disk.
  void sync();
  void close();
  /// Takes an advisory lock: a file without one is nobody's any more.
  bool lock();

 private:
  void write_out(const char* p, std::size_t n);
  std::string path_;
  int fd_ = -1;
  std::uint64_t position_ = 0;  ///< with what is in the buffer
  std::uint64_t handed_ = 0;    ///< bytes the system has been asked to start writing to the disk
  std::string buffer_;
};

/// A file under a temporary name in the folder of its final one. What is not committed vanishes
/// with the object, or with the next writer of the same name if the process dies.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();

  OutFile& out() { return out_; }
  const std::string& path() const { return path_; }
  const std::string& temporary() const { return out_.path(); }
  /// Everything is on the disk under the temporary name.
  void finish();
  /// finish(), then gives the file its name.
  void commit();
  /// Gives the finished file another name; the caller makes it durable.
  void rename_to(const std::string& path);

 private:
  std::string path_;
  OutFile out_;
  bool finished_ = false, named_ = false;
};

/// Removes temporaries of `path` that no living writer holds.
void remove_stale_temporaries(const std::string& path);
/// Removes folders whose paths begin with `start`, if all in them are files that begin with `part`,
/// nobody holds one of them, and nothing has changed for a minute.
void remove_stale_folders(const std::string& start, const std::string& part);

}  // namespace caudal::io
