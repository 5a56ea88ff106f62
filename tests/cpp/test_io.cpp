// SPDX-License-Identifier: Apache-2.0
// Checkpoints, records and events without Python; checksums against each other.
// sources: base/crc32c.cpp io/snappy.cpp io/tensor_slice.cpp
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/crc32c.h"
#include "caudal/io.h"
#include "io/snappy.h"
#include "io/tensor_slice.h"
#include "testing.h"

using namespace caudal;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/caudal-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

std::string random_bytes(std::size_t n, unsigned seed) {
  std::mt19937 engine(seed);
  std::string out(n, '\0');
  for (char& c : out) c = char(engine());
  return out;
}

}  // namespace

TEST(checksums_agree_whatever_the_length) {
  CHECK_EQ(crc32c("123456789"), 0xE3069283u);
  CHECK_EQ(crc32c(""), 0u);
  const std::string bytes = random_bytes(60000, 1);
  std::mt19937 engine(2);
  for (int i = 0; i < 400; ++i) {
    const std::size_t limit = i % 2 == 0 ? 900 : 50000;
    const std::size_t at = engine() % 64, n = engine() % limit;
    const std::string_view part(bytes.data() + at, n);
    const auto before = std::uint32_t(engine());
    CHECK_EQ(crc32c(part, before), crc32c_by_table(part, before));
    const std::size_t cut = n == 0 ? 0 : engine() % n;
    const std::uint32_t a = crc32c(part.substr(0, cut)), b = crc32c(part.substr(cut));
    CHECK_EQ(crc32c_joined(a, b, n - cut), crc32c(part));
    CHECK_EQ(crc32c(part.substr(cut), a), crc32c(part));
    CHECK_EQ(crc32c_unmasked(crc32c_masked(before)), before);
  }
}

TEST(snappy_blocks) {
  std::string out;
  CHECK(io::snappy_inflate(std::string_view("\x05\x10hello", 7), out));
  CHECK_EQ(out, "hello");
  CHECK(io::snappy_inflate(std::string_view("\x09\x08"
                                            "abc\x09\x03",
                                            7),
                           out));
  CHECK_EQ(out, "abcabcabc");
  CHECK(!io::snappy_inflate(std::string_view("\x09\x08"
                                             "abc\x09\x04",
                                             7),
                            out));  // from before the beginning
  CHECK(!io::snappy_inflate(std::string_view("\xFF\xFF\xFF\xFF\x0F", 5), out));
}

TEST(keys_of_slices_sort_as_their_numbers) {
  const auto key = [](std::int64_t start) {
    io::TensorSlice s;
    s.rank = 1;
    s.start[0] = start;
    s.length[0] = 4;
    return io::slice_key("n", s);
  };
  const std::int64_t numbers[] = {
      0, 1, 63, 64, 65, 8191, 8192, 1 << 20, std::int64_t(1) << 40, INT64_MAX};
  for (std::size_t i = 1; i < std::size(numbers); ++i) {
    CHECK(key(numbers[i - 1]) < key(numbers[i]));
  }
  CHECK_EQ(key(64), std::string("\0n\0\1\1\1\xC0\x40\x84", 9));
  CHECK_EQ(io::slice_key(std::string("\0\xFF", 2), io::TensorSlice::whole(1)),
           std::string("\0\0\xFF\xFF\0\0\1\1\1\x80\x7F", 11));
}

TEST(a_checkpoint_comes_back) {
  const Folder folder;
  const std::string prefix = folder.path + "/model";
  Tensor text(DType::kString, Shape{2});
  text.data<std::string>()[1] = "words";
  const Tensor numbers = Tensor::of<float>({1, 2, 3, 4, 5, 6}, Shape{3, 2});
  {
    CheckpointWriter writer(prefix);
    writer.add("text", text);
    writer.add_slice("numbers", "6 2 0,3:-", numbers);
    writer.add_slice("numbers", "6 2 3,3:-", numbers);
    CHECK(ERROR_OF(writer.add("text", text)).find("duplicate") != std::string::npos);
    CHECK(!std::filesystem::exists(prefix + ".index"));
    writer.finish();
  }
  const CheckpointReader reader(prefix);
  CHECK_EQ(reader.names(), (std::vector<std::string>{"numbers", "text"}));
  CHECK(reader.shape("numbers") == (Shape{6, 2}));
  CHECK_EQ(reader.read("numbers").data<float>()[11], 6.0f);
  CHECK_EQ(reader.read_slice("numbers", "6 2 2,2:1,1").data<float>()[1], 2.0f);
  CHECK_EQ(reader.read("text").data<std::string>()[1], "words");
  CHECK(ERROR_OF(reader.read("other")).find("not found") != std::string::npos);
  CHECK(ERROR_OF(CheckpointReader(prefix + "2")).find("Failed to find") != std::string::npos);
}

TEST(a_large_tensor_is_read_in_blocks) {
  const Folder folder;
  const std::string prefix = folder.path + "/large";
  Tensor t(DType::kUint8, Shape{(9 << 20) + 77});
  const std::string bytes = random_bytes(std::size_t(t.num_elements()), 3);
  std::memcpy(t.raw(), bytes.data(), bytes.size());
  CheckpointWriter writer(prefix);
  writer.add("t", t);
  writer.finish();
  const Tensor back = CheckpointReader(prefix).read("t");
  CHECK(std::memcmp(back.raw(), bytes.data(), bytes.size()) == 0);
}

TEST(records_and_events) {
  const Folder folder;
  const std::string path = folder.path + "/records";
  RecordWriter writer(path);
  for (const char* r : {"one", "", "three"}) writer.write(r);
  writer.close();
  RecordReader reader(path);
  std::string record;
  CHECK(reader.next(record) && record == "one");
  CHECK(reader.next(record) && record.empty());
  CHECK(reader.next(record) && record == "three");
  CHECK(!reader.next(record));
  CHECK_EQ(reader.offset(), std::uint64_t(3 * 16 + 8));

  EventWriter events(folder.path + "/logs/run", ".suffix");
  events.scalar("loss", 0.5f, 3);
  events.graph("");
  events.close();
  CHECK(events.path().ends_with(".suffix"));
  RecordReader log(events.path());
  CHECK(log.next(record) && record.find("brain.Event:2") != std::string::npos);
  CHECK(log.next(record) && record.find("loss") != std::string::npos);
  CHECK(log.next(record) && !log.next(record));
}

TEST(files_are_replaced_as_a_whole) {
  const Folder folder;
  const std::string path = folder.path + "/state";
  write_file_atomically(path, "first");
  write_file_atomically(path, "second");
  CHECK_EQ(std::distance(std::filesystem::directory_iterator(folder.path), {}), 1);
  CHECK_EQ(std::filesystem::file_size(path), 6u);
  CHECK(!ERROR_OF(write_file_atomically(folder.path + "/none/x", "")).empty());
}
