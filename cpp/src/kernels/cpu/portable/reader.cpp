// SPDX-License-Identifier: Apache-2.0
// Readers: records of files whose names come out of a queue.
#include <chrono>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>

#include "caudal/io.h"
#include "io/file.h"
#include "kernels/cpu/portable/dynamic_call.h"
#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/host_call.h"
#include "kernels/cpu/portable/queue_object.h"
#include "tensor/resource.h"

namespace caudal::cpu {
namespace {

struct Record {
  std::string key, value;
};

/// Reads one file after the other. One call at a time, whoever holds the reader may have to wait
/// for the queue.
class Reader : public Object {
 public:
  static constexpr std::string_view kKind = "reader";
  std::string_view kind() const override { return kKind; }

  Record read(Queue& queue, WaitCheck check) {
    const auto lock = take_turn(check);
    Record record;
    while (true) {
      if (started_ == completed_) begin(queue, check);
      const Found found = next(record);
      if (found != Found::kRecord) finish();
      if (found == Found::kEnd) continue;
      ++produced_;
      return record;
    }
  }

  /// Up to `n` records; fewer at the end of a file.
  std::vector<Record> read_up_to(std::int64_t n, Queue& queue, WaitCheck check) {
    const auto lock = take_turn(check);
    std::vector<Record> out;
    while (std::int64_t(out.size()) < n) {
      if (started_ == completed_) {
        if (!out.empty()) break;
        begin(queue, check);
      }
      Record record;
      const Found found = next(record);
      if (found != Found::kRecord) finish();
      if (found != Found::kEnd) out.push_back(std::move(record));
    }
    produced_ += std::int64_t(out.size());
    return out;
  }

  std::int64_t produced(WaitCheck check) {
    const auto lock = take_turn(check);
    return produced_;
  }
  std::int64_t completed(WaitCheck check) {
    const auto lock = take_turn(check);
    return completed_;
  }
  void reset(WaitCheck check) {
    const auto lock = take_turn(check);
    started_ = completed_ = produced_ = 0;
    close();
    work_.clear();
  }

 protected:
  enum class Found { kRecord, kLastRecord, kEnd };

  virtual void open() {}  ///< the file named work()
  virtual Found next(Record& record) = 0;
  virtual void close() {}
  const std::string& work() const { return work_; }

 private:
  std::unique_lock<std::timed_mutex> take_turn(WaitCheck check) {
    std::unique_lock lock(turn_, std::defer_lock);
    while (!lock.try_lock_for(std::chrono::milliseconds(50))) {
      if (check != nullptr) (*check)();
    }
    return lock;
  }

  void begin(Queue& queue, WaitCheck check) {
    const QueueTuple tuple = queue.dequeue(check);
    if (tuple.size() != 1) invalid("Expected single component queue");
    if (tuple[0].dtype() != DType::kString) {
      invalid("Expected queue with single string component");
    }
    if (tuple[0].num_elements() != 1) {
      invalid("Expected to dequeue a one-element string tensor");
    }
    work_ = *tuple[0].data<std::string>();
    open();
    ++started_;
  }
  void finish() {
    close();
    completed_ = started_;
  }

  std::timed_mutex turn_;
  std::string work_;
  std::int64_t started_ = 0, completed_ = 0, produced_ = 0;
};

class IdentityReader : public Reader {
  Found next(Record& record) override {
    record.key = record.value = work();
    return Found::kLastRecord;
  }
};

class WholeFileReader : public Reader {
  Found next(Record& record) override {
    record.key = work();
    record.value = io::read_whole_file(work());
    return Found::kLastRecord;
  }
};

class TextLineReader : public Reader {
 public:
  explicit TextLineReader(std::int64_t skip) : skip_(skip) {}

 private:
  void open() override {
    file_.emplace(work());
    buffer_.clear();
    begin_ = 0;
    offset_ = 0;
    number_ = 0;
    std::string line;
    while (number_ < skip_ && next_line(line)) {
    }
  }
  Found next(Record& record) override {
    if (!next_line(record.value)) return Found::kEnd;
    record.key = str(work(), ":", number_);
    return Found::kRecord;
  }
  void close() override { file_.reset(); }

  bool next_line(std::string& line) {
    std::size_t searched = begin_;
    while (true) {
      const std::size_t end = buffer_.find('\n', searched);
      if (end != buffer_.npos) {
        line.assign(buffer_, begin_, end - begin_);
        begin_ = end + 1;
        break;
      }
      buffer_.erase(0, begin_);
      begin_ = 0;
      searched = buffer_.size();
      buffer_.resize(searched + kChunk);
      const std::size_t n = file_->read_some(offset_, buffer_.data() + searched, kChunk);
      buffer_.resize(searched + n);
      offset_ += n;
      if (n > 0) continue;
      if (buffer_.empty()) return false;
      line.swap(buffer_);  // the last line does not need an end
      buffer_.clear();
      break;
    }
    if (line.ends_with('\r')) line.pop_back();
    ++number_;
    return true;
  }

  static constexpr std::size_t kChunk = std::size_t(1) << 18;
  std::int64_t skip_, number_ = 0;
  std::optional<io::File> file_;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::uint64_t offset_ = 0;
};

std::string decompressed(const std::string& path, const std::string& type) {
  const Tensor bytes = Tensor::string_scalar(io::read_whole_file(path));
  const Tensor out =
      call_host_for("decompress", {bytes, Tensor::string_scalar(type)}, DType::kString, Shape{});
  return *out.data<std::string>();
}

class FixedLengthRecordReader : public Reader {
 public:
  FixedLengthRecordReader(std::int64_t header, std::int64_t record, std::int64_t footer,
                          std::int64_t hop, std::string encoding)
      : header_(std::uint64_t(header)),
        record_(std::uint64_t(record)),
        footer_(std::uint64_t(footer)),
        hop_(std::uint64_t(hop == 0 ? record : hop)),
        encoding_(std::move(encoding)) {}

 private:
  void open() override {
    offset_ = header_;
    number_ = 0;
    file_.reset();
    text_.clear();
    if (encoding_.empty()) {
      file_.emplace(work());
      size_ = file_->size();
    } else {
      text_ = decompressed(work(), encoding_);
      size_ = text_.size();
    }
  }
  Found next(Record& record) override {
    const std::uint64_t end = size_ > footer_ ? size_ - footer_ : 0;
    if (offset_ > end || end - offset_ < record_) return Found::kEnd;
    if (file_) {
      record.value.resize(record_);  // no more than the file holds
      file_->read_at(offset_, record.value.data(), record_);
    } else {
      record.value.assign(text_, offset_, record_);
    }
    record.key = str(work(), ":", number_++);
    offset_ = hop_ > end - offset_ ? end + 1 : offset_ + hop_;
    return Found::kRecord;
  }
  void close() override {
    file_.reset();
    text_.clear();
  }

  std::uint64_t header_, record_, footer_, hop_;
  std::string encoding_, text_;
  std::optional<io::File> file_;
  std::uint64_t size_ = 0, offset_ = 0;
  std::int64_t number_ = 0;
};

class TFRecordReader : public Reader {
 public:
  explicit TFRecordReader(std::string compression) : compression_(std::move(compression)) {}

 private:
  void open() override {
    close();
    if (compression_.empty()) {
      file_.emplace(work());
    } else {
      parser_.emplace(work());
      parser_->feed(decompressed(work(), compression_));
    }
  }
  Found next(Record& record) override {
    const std::uint64_t offset = file_ ? file_->offset() : parser_->offset();
    if (!(file_ ? file_->next(record.value) : parser_->next(record.value))) {
      if (parser_) parser_->finish();
      return Found::kEnd;
    }
    record.key = str(work(), ":", std::int64_t(offset));
    return Found::kRecord;
  }
  void close() override {
    file_.reset();
    parser_.reset();
  }

  std::string compression_;
  std::optional<RecordReader> file_;
  std::optional<RecordParser> parser_;
};

std::shared_ptr<Reader> make_reader(const KernelRequest& r) {
  const AttrMap& a = *r.attrs;
  if (r.op == "IdentityReaderV2") return std::make_shared<IdentityReader>();
  if (r.op == "WholeFileReaderV2") return std::make_shared<WholeFileReader>();
  if (r.op == "TextLineReaderV2") {
    const std::int64_t skip = a.i("skip_header_lines");
    if (skip < 0) invalid("skip_header_lines must be >= 0 not ", skip);
    return std::make_shared<TextLineReader>(skip);
  }
  const auto check_compression = [](const std::string& type) {
    if (type.empty() || type == "ZLIB" || type == "GZIP") return type;
    invalid("Unsupported compression: ", type, "; GZIP, ZLIB or none can be read");
  };
  if (r.op == "TFRecordReaderV2") {
    return std::make_shared<TFRecordReader>(check_compression(a.s("compression_type")));
  }
  const std::int64_t header = a.i("header_bytes"), record = a.i("record_bytes"),
                     footer = a.i("footer_bytes"), hop = a.i("hop_bytes");
  if (header < 0) invalid("header_bytes must be >= 0 not ", header);
  if (record <= 0) invalid("record_bytes must be > 0 not ", record);
  if (footer < 0) invalid("footer_bytes must be >= 0 not ", footer);
  if (hop < 0) invalid("hop_bytes must be >= 0 not ", hop);
  return std::make_shared<FixedLengthRecordReader>(header, record, footer, hop,
                                                   check_compression(a.s("encoding")));
}

struct SharedReader : Object {
  static constexpr std::string_view kKind = "reader";
  std::string_view kind() const override { return kKind; }
  std::string op;
  std::shared_ptr<Reader> reader;
};

struct HandleParams {
  std::shared_ptr<Reader> reader;
};

Prepared prepare_reader(const KernelRequest& r) {
  const std::string& name = r.attrs->s("shared_name");
  if (name.starts_with('_')) invalid("shared_name cannot start with '_':", name);
  const auto make = [&] {
    auto shared = std::make_shared<SharedReader>();
    shared->op = std::string(r.op);
    shared->reader = make_reader(r);
    return shared;
  };
  std::shared_ptr<SharedReader> found;
  if (!name.empty() && r.resources != nullptr) {
    found =
        r.resources->find_or_make<SharedReader>(r.attrs->s("container"), "reader/" + name, make);
    if (found->op != r.op) invalid("Expected ", r.op, ", found ", found->op);
  } else if (r.node_state != nullptr && *r.node_state) {
    found = std::static_pointer_cast<SharedReader>(*r.node_state);
  } else {
    found = make();
    if (r.node_state != nullptr) *r.node_state = found;
  }
  Prepared prepared;
  make_params<HandleParams>(prepared)->reader = found->reader;
  prepared.run_dynamic = [](const void* raw, std::span<const Tensor>, std::span<Tensor> out,
                            RunContext&) {
    out[0] = object_tensor(DType::kResource, static_cast<const HandleParams*>(raw)->reader);
  };
  return prepared;
}

std::shared_ptr<Reader> reader_at(const Call& c) { return resource_of<Reader>(c.in[0]); }

void run_read(Call& c) {
  Record record = reader_at(c)->read(*resource_of<Queue>(c.in[1]), c.context.check);
  c.out[0] = Tensor::string_scalar(std::move(record.key));
  c.out[1] = Tensor::string_scalar(std::move(record.value));
}

void run_read_up_to(Call& c) {
  if (c.in[2].num_elements() != 1 || c.in[2].dtype() != DType::kInt64) {
    invalid("num_records must be an int64 scalar, got shape ", c.in[2].shape());
  }
  const std::int64_t n = *c.in[2].data<std::int64_t>();
  if (n < 0) invalid("num_records must be >= 0, got ", n);
  std::vector<Record> records =
      reader_at(c)->read_up_to(n, *resource_of<Queue>(c.in[1]), c.context.check);
  const Shape shape{std::int64_t(records.size())};
  c.out[0] = Tensor(DType::kString, shape);
  c.out[1] = Tensor(DType::kString, shape);
  for (std::size_t i = 0; i < records.size(); ++i) {
    c.out[0].data<std::string>()[i] = std::move(records[i].key);
    c.out[1].data<std::string>()[i] = std::move(records[i].value);
  }
}

void run_produced(Call& c) { c.out[0] = Tensor::scalar(reader_at(c)->produced(c.context.check)); }
void run_completed(Call& c) { c.out[0] = Tensor::scalar(reader_at(c)->completed(c.context.check)); }
void run_reset(Call& c) { reader_at(c)->reset(c.context.check); }

}  // namespace

std::span<const KernelRow> reader_kernels() {
  constexpr DTypeSet kAny = DTypeSet::all();
  static const KernelRow rows[] = {
      {"IdentityReaderV2", "", kAny, prepare_reader},
      {"WholeFileReaderV2", "", kAny, prepare_reader},
      {"TextLineReaderV2", "", kAny, prepare_reader},
      {"FixedLengthRecordReaderV2", "", kAny, prepare_reader},
      {"TFRecordReaderV2", "", kAny, prepare_reader},
      {"ReaderReadV2", "", kAny, dynamic_kernel<run_read>},
      {"ReaderReadUpToV2", "", kAny, dynamic_kernel<run_read_up_to>},
      {"ReaderNumRecordsProducedV2", "", kAny, dynamic_kernel<run_produced>},
      {"ReaderNumWorkUnitsCompletedV2", "", kAny, dynamic_kernel<run_completed>},
      {"ReaderResetV2", "", kAny, dynamic_kernel<run_reset>},
  };
  return rows;
}

}  // namespace caudal::cpu
