// SPDX-License-Identifier: Apache-2.0
// MetaGraphDef and SavedModel messages.
#include "caudal/meta_graph.h"

#include <algorithm>

#include "base/wire.h"
#include "caudal/error.h"
#include "io/file.h"
#include "tensor/tensor_proto.h"

namespace caudal {
namespace {

[[noreturn]] void malformed(std::string_view what) {
  fail(Code::kDataLoss, "the bytes are no model: ", what, " is malformed");
}

template <class F>
void fields(std::string_view bytes, std::string_view what, F take) {
  if (!read_fields(bytes, take)) malformed(what);
}

/// Key and value of a map's entry.
std::pair<std::string, std::string_view> entry(std::string_view bytes, std::string_view what) {
  std::pair<std::string, std::string_view> out;
  fields(bytes, what, [&](const WireReader& r) {
    if (r.is_bytes(1)) out.first = r.bytes();
    if (r.is_bytes(2)) out.second = r.bytes();
  });
  return out;
}

TensorInfo read_info(std::string_view bytes) {
  TensorInfo info;
  fields(bytes, "the description of a tensor", [&](const WireReader& r) {
    if (r.is_bytes(1)) info.name = r.bytes();
    if (r.field() == 2 && r.type() == WireReader::kVarint && r.number() < kNumDTypes) {
      info.dtype = DType(r.number());
    }
    if (r.is_bytes(3)) info.shape = shape_from_proto(r.bytes());
  });
  return info;
}

Signature read_signature(std::string_view bytes) {
  Signature out;
  fields(bytes, "a signature", [&](const WireReader& r) {
    if (r.is_bytes(1) || r.is_bytes(2)) {
      auto [key, value] = entry(r.bytes(), "a signature");
      (r.field() == 1 ? out.inputs : out.outputs)[key] = read_info(value);
    }
    if (r.is_bytes(3)) out.method = r.bytes();
  });
  return out;
}

SaverNames read_saver(std::string_view bytes) {
  SaverNames out;
  fields(bytes, "the saver", [&](const WireReader& r) {
    if (r.is_bytes(1)) out.filename = r.bytes();
    if (r.is_bytes(2)) out.save = r.bytes();
    if (r.is_bytes(3)) out.restore = r.bytes();
  });
  return out;
}

/// The names in a collection of nodes; other kinds belong to Python.
std::vector<std::string> read_nodes(std::string_view bytes) {
  std::vector<std::string> out;
  fields(bytes, "a collection", [&](const WireReader& r) {
    if (!r.is_bytes(1)) return;
    fields(r.bytes(), "a collection", [&](const WireReader& item) {
      if (item.is_bytes(1)) out.emplace_back(item.bytes());
    });
  });
  return out;
}

}  // namespace

MetaGraph parse_meta_graph(std::string_view bytes) {
  MetaGraph out;
  fields(bytes, "the meta graph", [&](const WireReader& r) {
    if (r.is_bytes(1)) {
      fields(r.bytes(), "the information on the meta graph", [&](const WireReader& info) {
        if (info.is_bytes(2)) out.op_list = info.bytes();
        if (info.is_bytes(4)) out.tags.emplace_back(info.bytes());
      });
    }
    // Parts of one message that come twice are one: for bytes that means one after the other.
    if (r.is_bytes(2)) out.graph_def += r.bytes();
    if (r.is_bytes(3)) out.saver = read_saver(r.bytes());
    if (r.is_bytes(4)) {
      auto [name, value] = entry(r.bytes(), "a collection");
      std::vector<std::string> nodes = read_nodes(value);
      if (!nodes.empty()) out.collections[name] = std::move(nodes);
    }
    if (r.is_bytes(5)) {
      auto [name, value] = entry(r.bytes(), "a signature");
      out.signatures[name] = read_signature(value);
    }
  });
  return out;
}

MetaGraph read_meta_graph(const std::string& path) {
  const std::string bytes = io::read_whole_file(path);
  try {
    return parse_meta_graph(bytes);
  } catch (Error& e) {
    throw Error(e.code(), str(path, ": ", e.message()));
  }
}

MetaGraph read_saved_model(const std::string& folder, const std::vector<std::string>& tags) {
  const std::string path = folder + "/saved_model.pb";
  const std::string bytes = io::read_whole_file(path);
  std::vector<std::string> wanted = tags;
  std::sort(wanted.begin(), wanted.end());
  std::string offered;
  try {
    WireReader r(bytes);
    while (r.next()) {
      if (!r.is_bytes(2)) continue;
      MetaGraph found = parse_meta_graph(r.bytes());
      std::vector<std::string> own = found.tags;
      std::sort(own.begin(), own.end());
      if (own == wanted) return found;
      offered += " {";
      for (const std::string& tag : own) offered += (offered.back() == '{' ? "" : ", ") + tag;
      offered += "}";
    }
    if (!r.ok()) malformed("the SavedModel");
  } catch (Error& e) {
    throw Error(e.code(), str(path, ": ", e.message()));
  }
  fail(Code::kNotFound, path, ": there is no meta graph with the tags asked for; there are:",
       offered.empty() ? " none" : offered);
}

}  // namespace caudal
