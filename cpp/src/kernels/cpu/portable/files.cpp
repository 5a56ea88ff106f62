// SPDX-License-Identifier: Apache-2.0
// Files as a whole, and their names.
#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/sparse_view.h"

namespace caudal::cpu {
namespace {

[[noreturn]] void fail_with_errno(const std::string& path, int error) {
  Code code = Code::kUnknown;
  if (error == ENOENT) code = Code::kNotFound;
  if (error == ENAMETOOLONG || error == EINVAL || error == ELOOP) code = Code::kInvalidArgument;
  if (error == EACCES || error == EPERM || error == EROFS) code = Code::kPermissionDenied;
  if (error == EISDIR || error == ENOTDIR) code = Code::kFailedPrecondition;
  if (error == ENOSPC || error == EMFILE || error == ENOMEM) code = Code::kResourceExhausted;
  fail(code, path, "; ", std::string(std::strerror(error)));
}

const std::string& scalar(const Tensor& t, std::string_view what) {
  if (t.shape().rank() != 0) invalid(what, " must be a scalar, got shape ", t.shape());
  const std::string& text = *t.data<std::string>();
  if (text.find('\0') != std::string::npos) invalid(what, " must not contain a NUL byte");
  return text;
}

struct File {
  std::FILE* file;
  File(const std::string& path, const char* mode) : file(std::fopen(path.c_str(), mode)) {
    if (file == nullptr) fail_with_errno(path, errno);
  }
  ~File() {
    if (file != nullptr) std::fclose(file);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
};

void run_read_file(Call& c) {
  const std::string& path = scalar(c.in[0], "filename");
  const File f(path, "rb");
  std::string text;
  char block[1 << 16];
  errno = 0;
  for (std::size_t n = 0; (n = std::fread(block, 1, sizeof block, f.file)) > 0;) {
    text.append(block, n);
  }
  if (std::ferror(f.file)) fail_with_errno(path, errno);
  c.out[0] = Tensor::string_scalar(std::move(text));
}

void run_write_file(Call& c) {
  const std::string& path = scalar(c.in[0], "filename");
  if (c.in[1].shape().rank() != 0)
    invalid("contents must be a scalar, got shape ", c.in[1].shape());
  const std::string& text = *c.in[1].data<std::string>();
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  File f(path, "wb");
  const bool written =
      text.empty() || std::fwrite(text.data(), 1, text.size(), f.file) == text.size();
  const int closed = std::fclose(f.file);
  f.file = nullptr;
  if (!written || closed != 0) fail_with_errno(path, errno);
}

void run_matching_files(Call& c) {
  if (c.in[0].shape().rank() > 1)
    invalid("Input patterns tensor must be scalar or vector, but had shape: ", c.in[0].shape());
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < c.in[0].num_elements(); ++i) {
    const std::string& pattern = c.in[0].data<std::string>()[i];
    glob_t found{};
    const int result = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
    if (result == 0) names.insert(names.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
    if (result == GLOB_NOSPACE) fail(Code::kResourceExhausted, "too many files match ", pattern);
  }
  std::ranges::sort(names);
  c.out[0] = Tensor(DType::kString, Shape{std::int64_t(names.size())});
  std::ranges::move(names, c.out[0].data<std::string>());
}

std::string five_digits(std::int64_t v) {
  char text[32];
  std::snprintf(text, sizeof text, "%05lld", static_cast<long long>(v));
  return text;
}

void run_sharded_filename(Call& c) {
  for (std::size_t i = 1; i < 3; ++i) check_rank(c.in[i], 0, "shard");
  c.out[0] = Tensor::string_scalar(scalar(c.in[0], "basename") + "-" +
                                   five_digits(c.in[1].as_int64s()[0]) + "-of-" +
                                   five_digits(c.in[2].as_int64s()[0]));
}

void run_sharded_filespec(Call& c) {
  check_rank(c.in[1], 0, "num_shards");
  c.out[0] = Tensor::string_scalar(scalar(c.in[0], "basename") + "-\?\?\?\?\?-of-" +
                                   five_digits(c.in[1].as_int64s()[0]));
}

}  // namespace

std::span<const KernelRow> file_kernels() {
  constexpr DTypeSet kAny = DTypeSet::all();
  static const KernelRow rows[] = {
      {"ReadFile", "", kAny, dynamic_kernel<run_read_file>},
      {"WriteFile", "", kAny, dynamic_kernel<run_write_file>},
      {"MatchingFiles", "", kAny, dynamic_kernel<run_matching_files>},
      {"ShardedFilename", "", kAny, dynamic_kernel<run_sharded_filename>},
      {"ShardedFilespec", "", kAny, dynamic_kernel<run_sharded_filespec>},
  };
  return rows;
}

}  // namespace caudal::cpu
