// SPDX-License-Identifier: Apache-2.0
#include "io/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>

namespace caudal::io {
namespace {

constexpr std::size_t kBuffer = std::size_t(1) << 18;
constexpr std::size_t kMostPerCall = std::size_t(1) << 30;
constexpr std::uint64_t kStartWriting = std::uint64_t(32) << 20;
constexpr std::string_view kTemporary = ".tempstate";

Code code_of(int error) {
  switch (error) {
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
    case ESPIPE:
      return Code::kInvalidArgument;
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return Code::kNotFound;
    case EEXIST:
      return Code::kAlreadyExists;
    case EPERM:
    case EACCES:
    case EROFS:
      return Code::kPermissionDenied;
    case EISDIR:
    case ENOTDIR:
    case ENOTEMPTY:
    case EBUSY:
    case ETXTBSY:
      return Code::kFailedPrecondition;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case EMLINK:
    case ENOMEM:
      return Code::kResourceExhausted;
    case EFBIG:
    case EOVERFLOW:
      return Code::kOutOfRange;
    case ENOSYS:
    case ENOTSUP:
    case EXDEV:
      return Code::kUnimplemented;
    case EAGAIN:
    case EINTR:
      return Code::kUnavailable;
    default:
      return Code::kUnknown;
  }
}

int open_file(const std::string& path, int flags) {
  if (path.find('\0') != path.npos) invalid("a file name must not contain a NUL byte");
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) fail_errno(path, errno);
  return fd;
}

int flags_of(OutFile::Mode mode) {
  switch (mode) {
    case OutFile::Mode::kReplace:
      return O_WRONLY | O_CREAT | O_TRUNC;
    case OutFile::Mode::kAppend:
      return O_WRONLY | O_CREAT | O_APPEND;
    default:
      return O_WRONLY | O_CREAT | O_EXCL;
  }
}

std::string temporary_name(const std::string& path) {
  static std::atomic<std::uint64_t> next{std::random_device{}()};
  std::random_device random;
  char text[40];
  std::snprintf(text, sizeof text, "%08x%08x", unsigned(random()), unsigned(next.fetch_add(1)));
  return str(path, kTemporary, std::string_view(text));
}

std::string base_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

std::string in_folder_of(const std::string& path, const std::string& name) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? name : path.substr(0, slash + 1) + name;
}

}  // namespace

void fail_errno(std::string_view path, int error) {
  fail(code_of(error), path, "; ", std::string_view(std::strerror(error)));
}

bool file_exists(const std::string& path) {
  struct stat s;
  return path.find('\0') == path.npos && ::stat(path.c_str(), &s) == 0 && !S_ISDIR(s.st_mode);
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == path.npos) return "";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void make_folder_for(const std::string& path) {
  const std::string folder = folder_of(path);
  if (!folder.empty()) ::mkdir(folder.c_str(), 0777);
}

void rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail_errno(to, errno);
}

void sync_folder_of(const std::string& path) {
  const std::string folder = folder_of(path);
  const std::string name = folder.empty() ? "." : folder;
  const int fd = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;  // a folder that can be written but not read cannot be synced
  const int result = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  // Some file systems do not sync folders and say so.
  if (result != 0 && error != EINVAL && error != ENOTSUP) fail_errno(name, error);
}

std::vector<std::string> siblings_with_prefix(const std::string& path) {
  const std::string folder = folder_of(path), base = base_of(path);
  std::vector<std::string> found;
  DIR* d = ::opendir(folder.empty() ? "." : folder.c_str());
  if (d == nullptr) return found;
  const std::unique_ptr<DIR, int (*)(DIR*)> closed(d, ::closedir);
  while (const dirent* e = ::readdir(d)) {
    const std::string_view name(e->d_name);
    if (name.starts_with(base)) found.emplace_back(name);
  }
  return found;
}

std::vector<std::string> matching_files(const std::string& pattern) {
  if (file_exists(pattern)) return {pattern};
  if (pattern.find('\0') != pattern.npos) return {};
  glob_t found{};
  const int result = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  std::vector<std::string> names;
  if (result == 0) names.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  if (result == GLOB_NOSPACE) fail(Code::kResourceExhausted, "too many files match ", pattern);
  std::erase_if(names, [](const std::string& n) { return !file_exists(n); });
  std::ranges::sort(names);
  return names;
}

std::string read_whole_file(const std::string& path) {
  const File file(path);
  std::string bytes;
  // Sizes of pipes and the like are not known beforehand.
  for (std::size_t block = std::max<std::uint64_t>(file.size(), 4096);;) {
    const std::size_t at = bytes.size();
    bytes.resize(at + block);
    const std::size_t n = file.read_some(at, bytes.data() + at, block);
    bytes.resize(at + n);
    if (n < block || (at + n == file.size() && file.size() > 0)) return bytes;
  }
}

File::File(std::string path) : path_(std::move(path)), fd_(open_file(path_, O_RDONLY)) {
  struct stat s;
  int error = ::fstat(fd_, &s) != 0 ? errno : 0;
  if (error == 0 && S_ISDIR(s.st_mode)) error = EISDIR;
  if (error != 0) {
    ::close(fd_);
    fail_errno(path_, error);
  }
  size_ = std::uint64_t(s.st_size);
}

File::~File() { ::close(fd_); }

std::size_t File::read_some(std::uint64_t offset, void* to, std::size_t size) const {
  auto* p = static_cast<char*>(to);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n =
        ::pread(fd_, p + done, std::min(size - done, kMostPerCall), off_t(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_errno(path_, errno);
    if (n == 0) break;
    done += std::size_t(n);
  }
  return done;
}

void File::read_at(std::uint64_t offset, void* to, std::size_t size) const {
  if (offset > std::uint64_t(INT64_MAX) - size) {
    fail(Code::kDataLoss, path_, ": ", size, " bytes at ", offset, " are asked for");
  }
  const std::size_t n = read_some(offset, to, size);
  if (n < size) {
    fail(Code::kDataLoss, path_, ": the file ends at byte ", offset + n, ", ", size - n,
         " bytes are missing");
  }
}

OutFile::OutFile(std::string path, Mode mode)
    : path_(std::move(path)), fd_(open_file(path_, flags_of(mode))) {
  if (mode == Mode::kAppend) {
    const off_t end = ::lseek(fd_, 0, SEEK_END);
    if (end > 0) position_ = handed_ = std::uint64_t(end);
  }
}

OutFile::~OutFile() {
  if (fd_ >= 0) ::close(fd_);
}

void OutFile::append(std::string_view bytes) {
  if (fd_ < 0) fail(Code::kFailedPrecondition, path_, ": the file is closed");
  if (buffer_.size() + bytes.size() > kBuffer) flush();
  if (bytes.size() >= kBuffer) {
    write_out(bytes.data(), bytes.size());
  } else {
    buffer_.append(bytes);
  }
  position_ += bytes.size();
  if (position_ - handed_ >= kStartWriting && buffer_.empty()) {
    // The disk works while more comes; sync() then has less to wait for.
    ::sync_file_range(fd_, off64_t(handed_), off64_t(position_ - handed_), SYNC_FILE_RANGE_WRITE);
    handed_ = position_;
  }
}

void OutFile::write_out(const char* p, std::size_t n) {
  while (n > 0) {
    const ssize_t k = ::write(fd_, p, std::min(n, kMostPerCall));
    if (k < 0 && errno == EINTR) continue;
    if (k < 0) fail_errno(path_, errno);
    p += k;
    n -= std::size_t(k);
  }
}

void OutFile::flush() {
  if (fd_ < 0) fail(Code::kFailedPrecondition, path_, ": the file is closed");
  write_out(buffer_.data(), buffer_.size());
  buffer_.clear();
}

void OutFile::sync() {
  flush();
  // Pipes and some devices cannot be synced.
  if (::fsync(fd_) != 0 && errno != EINVAL && errno != EROFS) fail_errno(path_, errno);
}

void OutFile::close() {
  if (fd_ < 0) return;
  flush();
  const int fd = fd_;
  fd_ = -1;
  if (::close(fd) != 0 && errno != EINTR) fail_errno(path_, errno);
}

bool OutFile::lock() { return ::flock(fd_, LOCK_EX | LOCK_NB) == 0; }

AtomicFile::AtomicFile(std::string path)
    : path_(std::move(path)), out_(temporary_name(path_), OutFile::Mode::kFresh) {
  out_.lock();
}

AtomicFile::~AtomicFile() {
  if (!named_) ::unlink(out_.path().c_str());
}

void AtomicFile::finish() {
  if (finished_) return;
  out_.sync();
  finished_ = true;
}

void AtomicFile::commit() {
  finish();
  rename_to(path_);
  sync_folder_of(path_);
  out_.close();
}

void AtomicFile::rename_to(const std::string& path) {
  rename_file(out_.path(), path);
  named_ = true;
}

void remove_stale_temporaries(const std::string& path) {
  for (const std::string& name : siblings_with_prefix(path + std::string(kTemporary))) {
    const std::string full = in_folder_of(path, name);
    const int fd = ::open(full.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) continue;
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) ::unlink(full.c_str());
    ::close(fd);
  }
}

void remove_stale_folders(const std::string& start, const std::string& part) {
  namespace fs = std::filesystem;
  const auto now = fs::file_time_type::clock::now();
  for (const std::string& name : siblings_with_prefix(start)) {
    const fs::path folder = in_folder_of(start, name);
    std::error_code error;
    const auto changed = fs::last_write_time(folder, error);
    bool stale = !error && fs::is_directory(fs::symlink_status(folder, error)) &&
                 now - changed > std::chrono::minutes(1);
    for (fs::directory_iterator i(folder, error), end; stale && !error && i != end;
         i.increment(error)) {
      const std::string file = i->path().string();
      stale = i->path().filename().string().starts_with(part);
      const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
      if (fd < 0) continue;
      stale = stale && ::flock(fd, LOCK_EX | LOCK_NB) == 0;
      ::close(fd);
    }
    if (stale && !error) fs::remove_all(folder, error);
  }
}

}  // namespace caudal::io
