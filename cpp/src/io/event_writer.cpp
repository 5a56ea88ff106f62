// SPDX-License-Identifier: Apache-2.0
// Event files: records of tensorflow.Event messages, the first of which names the version.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "base/wire.h"
#include "caudal/error.h"
#include "caudal/io.h"
#include "io/file.h"

namespace caudal {
namespace {

enum EventField { kWallTime = 1, kStep = 2, kFileVersion = 3, kGraphDef = 4, kSummary = 5 };

double now() {
  using namespace std::chrono;
  return duration<double>(system_clock::now().time_since_epoch()).count();
}

void put_double(WireWriter& out, int field, double value) {
  out.varint(std::uint64_t(field) << 3 | WireReader::kFixed64);
  out.out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

WireWriter event(double time, std::int64_t step) {
  WireWriter out;
  put_double(out, kWallTime, time);
  if (step != 0) out.number(kStep, std::uint64_t(step));
  return out;
}

std::string host() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

}  // namespace

struct EventWriter::Impl {
  std::string folder, suffix, path;
  std::unique_ptr<RecordWriter> records;

  void open() {
    if (records) return;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    const double time = now();
    char seconds[24];
    std::snprintf(seconds, sizeof seconds, "%010lld", static_cast<long long>(time));
    path = folder + (folder.empty() || folder.ends_with('/') ? "" : "/") + "events.out.tfevents." +
           seconds + "." + host() + suffix;
    records = std::make_unique<RecordWriter>(path, true);
    WireWriter version = event(double(static_cast<long long>(time)), 0);
    version.bytes(kFileVersion, "brain.Event:2");
    records->write(version.out);
    records->flush();
  }
};

EventWriter::EventWriter(const std::string& folder, const std::string& suffix)
    : impl_(new Impl{folder, suffix, {}, nullptr}) {}
EventWriter::~EventWriter() = default;
EventWriter::EventWriter(EventWriter&&) noexcept = default;
EventWriter& EventWriter::operator=(EventWriter&&) noexcept = default;

void EventWriter::open() { impl_->open(); }

void EventWriter::write(std::string_view event) {
  impl_->open();
  impl_->records->write(event);
}

void EventWriter::scalar(std::string_view tag, float value, std::int64_t step) {
  WireWriter point, summary, out = event(now(), step);
  point.bytes(1, tag);
  point.varint(2 << 3 | WireReader::kFixed32);
  point.out.append(reinterpret_cast<const char*>(&value), sizeof value);
  summary.bytes(1, point.out);
  out.bytes(kSummary, summary.out);
  write(out.out);
}

void EventWriter::graph(std::string_view graph_def) {
  WireWriter out = event(now(), 0);
  out.bytes(kGraphDef, graph_def);
  write(out.out);
}

void EventWriter::flush() {
  if (impl_->records) impl_->records->flush(true);
}

void EventWriter::close() {
  if (!impl_->records) return;
  flush();
  impl_->records->close();
  impl_->records.reset();
}

void EventWriter::reopen() {
  close();
  impl_->open();
}

const std::string& EventWriter::path() const { return impl_->path; }

}  // namespace caudal
