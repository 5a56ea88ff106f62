// SPDX-License-Identifier: Apache-2.0
// Writes small valid inputs for each target: make_seeds FOLDER [FIXTURES].
#include <dirent.h>

#include <filesystem>

#include "base/crc32c.h"
#include "base/wire.h"
#include "caudal/io.h"
#include "fuzz.h"
#include "io/checkpoint_v1.h"
#include "io/file.h"
#include "io/varint.h"
#include "tensor/tensor_proto.h"

using namespace caudal;  // NOLINT: a program of its own
namespace fs = std::filesystem;

namespace {

std::string folder;

void seed(const std::string& target, const std::string& name, const std::string& bytes) {
  fs::create_directories(folder + "/" + target);
  fuzz::write(folder + "/" + target + "/" + name, bytes);
}

std::vector<std::pair<std::string, Tensor>> tensors() {
  Tensor strings(DType::kString, Shape{3});
  strings.data<std::string>()[0] = "abc";
  strings.data<std::string>()[2] = std::string(300, 'x');
  std::vector<std::pair<std::string, Tensor>> out{
      {"a/float", Tensor::of<float>({1, 2, 3, 4, 5, 6}, Shape{2, 3})},
      {"a/float_1", Tensor::scalar(0.5f)},
      {"b/int", Tensor::vector<std::int64_t>({-1, 1 << 20})},
      {"b/none", Tensor(DType::kDouble, Shape{0, 3})},
      {"c/strings", strings},
      {"d", Tensor::vector<std::uint8_t>(std::vector<std::uint8_t>(100, 7))},
  };
  for (int t = 1; t < kNumDTypes; ++t) {
    if (is_object(DType(t))) continue;
    Tensor v(DType(t), Shape{2});
    std::memset(v.raw(), 1, v.num_bytes());
    out.emplace_back(str("types/", dtype_name(DType(t))), v);
  }
  return out;
}

std::string bundle_input(const std::string& prefix) {
  const std::string index = io::read_whole_file(prefix + ".index");
  std::string out{char(index.size() & 0xFF), char(index.size() >> 8)};
  return out + index + io::read_whole_file(prefix + ".data-00000-of-00001");
}

void checkpoints() {
  const std::string prefix = fuzz::path("seed");
  const auto all = tensors();
  for (std::size_t count : {std::size_t(1), std::size_t(6), all.size()}) {
    CheckpointWriter writer(prefix);
    io::CheckpointV1Writer old;
    for (std::size_t i = 0; i < count; ++i) {
      const auto& [name, value] = all[i];
      writer.add(name, value);
      old.add(name, value.shape(), io::TensorSlice::whole(value.shape().rank()), value);
    }
    const Tensor part = Tensor::of<float>({1, 2, 3, 4}, Shape{2, 2});
    for (const char* slice : {"4 2 0,2:0,2", "4 2 2,2:-"}) {
      writer.add_slice("z/parts", slice, part);
      old.add("z/parts", Shape{4, 2}, io::parse_slice_spec(slice).slice, part);
    }
    writer.finish();
    old.write(prefix + ".v1");
    seed("bundle", str("own", count), bundle_input(prefix));
    seed("table", str("own", count), io::read_whole_file(prefix + ".index"));
    seed("checkpoint_v1", str("own", count), io::read_whole_file(prefix + ".v1"));
  }
}

void messages() {
  for (const auto& [name, value] : tensors()) {
    std::string file = name;
    std::replace(file.begin(), file.end(), '/', '_');
    seed("tensor_proto", file, to_proto(value));
  }
  WireWriter packed, tensor, shape, dim;
  dim.number(1, 5);
  shape.bytes(2, dim.out);
  packed.varint(3);
  packed.varint(300);
  tensor.number(1, 3);
  tensor.bytes(2, shape.out);
  tensor.bytes(7, packed.out);
  seed("tensor_proto", "filled", tensor.out);

  const auto entry = [](std::string_view name, const std::string& feature) {
    WireWriter e;
    e.bytes(1, name);
    e.bytes(2, feature);
    return e.out;
  };
  WireWriter texts, numbers, ints, f1, f2, f3, features, lists, list, example, sequence;
  texts.bytes(1, "text");
  numbers.bytes(1, std::string("\0\0\x80?", 4));
  ints.bytes(1, "\x05\x06");
  f1.bytes(1, texts.out);
  f2.bytes(2, numbers.out);
  f3.bytes(3, ints.out);
  features.bytes(1, entry("a", f1.out));
  features.bytes(1, entry("b", f2.out));
  features.bytes(1, entry("c", f3.out));
  example.bytes(1, features.out);
  seed("example", "example", example.out);
  list.bytes(1, f1.out);
  list.bytes(1, f3.out);
  lists.bytes(1, entry("steps", list.out));
  sequence.bytes(1, features.out);
  sequence.bytes(2, lists.out);
  seed("example", "sequence", sequence.out);

  std::string records = "\x07";
  for (const std::string& r : {std::string("one"), std::string(), std::string(200, 'r')}) {
    records += record_header(r) + r + record_footer(r);
  }
  seed("record", "three", records);
  seed("snappy", "literal", std::string("\x05\x10") + "hello");
  seed("snappy", "run", std::string("\x40\x00z\xFE\x01\x00", 6));
  seed("snappy", "mixed",
       std::string("\x0C\x08"
                   "abc\x15\x03\x08"
                   "end",
                   11));
}

/// Checksums in files of others are right ones; here all are the same.
std::string without_checksums(std::string bytes) {
  const std::uint32_t none = crc32c_masked(0);
  const auto put = [&](std::size_t at) {
    if (at + 4 <= bytes.size()) std::memcpy(bytes.data() + at, &none, 4);
  };
  // The last block that ends right before the footer is the index; others follow each other. A
  // block's checksum stands behind its end, where the handles in footer and index say.
  std::string_view footer = std::string_view(bytes).substr(bytes.size() - 48);
  std::uint64_t offset = 0, size = 0;
  for (int handle = 0; handle < 2; ++handle) {
    if (!io::take_varint(footer, offset) || !io::take_varint(footer, size)) return bytes;
    put(offset + size + 1);
  }
  std::string_view index = std::string_view(bytes).substr(offset, size);
  std::uint64_t shared = 0, own = 0, length = 0;
  while (io::take_varint(index, shared) && io::take_varint(index, own) &&
         io::take_varint(index, length) && own + length < index.size()) {
    std::string_view handle = index.substr(own, length);
    std::uint64_t at = 0, n = 0;
    if (io::take_varint(handle, at) && io::take_varint(handle, n)) put(at + n + 1);
    index.remove_prefix(own + length);
  }
  for (std::size_t at = bytes.find('\x35'); at != bytes.npos; at = bytes.find('\x35', at + 5)) {
    if (at + 5 < bytes.size() - 48) put(at + 1);  // the checksum of an entry
  }
  return bytes;
}

void fixtures(const std::string& root) {
  int number = 0;
  for (const auto& file : fs::recursive_directory_iterator(root)) {
    const std::string path = file.path().string();
    if (!path.ends_with(".index") || file.file_size() < 48 || file.file_size() > 60000) continue;
    const std::string index = without_checksums(io::read_whole_file(path));
    seed("table", str("fixture", number), index);
    const std::string data = path.substr(0, path.size() - 6) + ".data-00000-of-00001";
    if (fs::exists(data) && fs::file_size(data) < 200000) {
      std::string input{char(index.size() & 0xFF), char(index.size() >> 8)};
      seed("bundle", str("fixture", number), input + index + io::read_whole_file(data));
    }
    ++number;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  folder = argv[1];
  checkpoints();
  messages();
  if (argc > 2) fixtures(argv[2]);
  return 0;
}
