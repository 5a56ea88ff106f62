// SPDX-License-Identifier: Apache-2.0
// Records: a length with its checksum, the bytes, their checksum.
#include <algorithm>

#include "base/crc32c.h"
#include "caudal/error.h"
#include "caudal/io.h"
#include "io/file.h"
#include "io/varint.h"

namespace caudal {
namespace {

constexpr std::size_t kHeader = 12, kFooter = 4;
constexpr std::uint64_t kLeastRead = 4096;
constexpr std::size_t kUsualRead = std::size_t(1) << 18, kMostRead = std::size_t(1) << 26;

}  // namespace

std::string record_header(std::string_view record) {
  std::string out;
  io::put_fixed(out, std::uint64_t(record.size()));
  io::put_fixed(out, crc32c_masked(crc32c(out)));
  return out;
}

std::string record_footer(std::string_view record) {
  std::string out;
  io::put_fixed(out, crc32c_masked(crc32c(record)));
  return out;
}

void RecordParser::feed(std::string_view bytes) {
  if (begin_ > buffer_.size() / 2) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_.append(bytes);
}

std::uint64_t RecordParser::wanted() const {
  const std::size_t have = buffer_.size() - begin_;
  if (have < kHeader) return kHeader - have;
  const auto length = io::fixed_at<std::uint64_t>(buffer_.data() + begin_);
  if (length > UINT64_MAX - kHeader - kFooter) return 0;
  const std::uint64_t all = length + kHeader + kFooter;
  return all > have ? all - have : 0;
}

bool RecordParser::next(std::string& record) {
  const std::size_t have = buffer_.size() - begin_;
  if (have < kHeader) return false;
  const char* p = buffer_.data() + begin_;
  const auto damaged = [&](std::string_view what) {
    fail(Code::kDataLoss, "corrupted record at ", offset_, " of ", source_, ": ", what);
  };
  if (crc32c_masked(crc32c({p, 8})) != io::fixed_at<std::uint32_t>(p + 8)) {
    damaged("the checksum of its length does not match");
  }
  const auto length = io::fixed_at<std::uint64_t>(p);
  if (length > UINT64_MAX - kHeader - kFooter) damaged("its length is impossible");
  if (length + kHeader + kFooter > have) return false;
  const std::string_view bytes(p + kHeader, std::size_t(length));
  if (crc32c_masked(crc32c(bytes)) != io::fixed_at<std::uint32_t>(p + kHeader + length)) {
    damaged("the checksum of its bytes does not match");
  }
  record.assign(bytes);
  begin_ += kHeader + kFooter + std::size_t(length);
  offset_ += kHeader + kFooter + length;
  return true;
}

void RecordParser::finish() const {
  if (begin_ < buffer_.size()) {
    fail(Code::kDataLoss, "truncated record at ", offset_, " of ", source_);
  }
}

struct RecordReader::Impl {
  io::File file;
  RecordParser parser;
  std::uint64_t read_to;
};

RecordReader::RecordReader(const std::string& path, std::uint64_t offset)
    : impl_(new Impl{io::File(path), RecordParser(path, offset), offset}) {}
RecordReader::~RecordReader() = default;
RecordReader::RecordReader(RecordReader&&) noexcept = default;
RecordReader& RecordReader::operator=(RecordReader&&) noexcept = default;

bool RecordReader::next(std::string& record) {
  Impl& s = *impl_;
  // Pieces grow with what has come, so that a wrong length takes no more memory than the file.
  std::size_t most = kUsualRead;
  while (!s.parser.next(record)) {
    const std::uint64_t rest = s.file.size() > s.read_to ? s.file.size() - s.read_to : 0;
    const std::uint64_t useful = std::max<std::uint64_t>(s.parser.wanted(), kUsualRead);
    std::string bytes(std::min({useful, std::uint64_t(most), std::max(rest, kLeastRead)}), '\0');
    const std::size_t n = s.file.read_some(s.read_to, bytes.data(), bytes.size());
    if (n == 0) {
      s.parser.finish();
      return false;
    }
    s.parser.feed({bytes.data(), n});
    s.read_to += n;
    most = std::min(2 * most, kMostRead);
  }
  return true;
}

std::uint64_t RecordReader::offset() const { return impl_->parser.offset(); }

struct RecordWriter::Impl {
  io::OutFile out;
};

RecordWriter::RecordWriter(const std::string& path, bool append)
    : impl_(new Impl{
          io::OutFile(path, append ? io::OutFile::Mode::kAppend : io::OutFile::Mode::kReplace)}) {}

RecordWriter::~RecordWriter() {
  try {
    if (impl_) impl_->out.close();
  } catch (...) {  // nobody to tell
  }
}
RecordWriter::RecordWriter(RecordWriter&&) noexcept = default;
RecordWriter& RecordWriter::operator=(RecordWriter&&) noexcept = default;

void RecordWriter::write(std::string_view record) {
  impl_->out.append(record_header(record));
  impl_->out.append(record);
  impl_->out.append(record_footer(record));
}

void RecordWriter::flush(bool sync) {
  if (sync) {
    impl_->out.sync();
  } else {
    impl_->out.flush();
  }
}

void RecordWriter::close() { impl_->out.close(); }

}  // namespace caudal
