// SPDX-License-Identifier: Apache-2.0
// MetaGraphDef and SavedModel messages.
#include "caudal/meta_graph.h"

#include <algorithm>

#include "base/wire.h"
#include "caudal/error.h"
#include "graph/graph_def.h"
#include "io/file.h"

namespace caudal {
namespace {

[[noreturn]] void malformed(std::string_view what) {
  fail(Code::kDataLoss, "the bytes are no model: ", what, " is malformed");
}

template <class F>
void fields(std::string_view bytes, std::string_view what, F take) {
  WireReader r(bytes);
  while (r.next()) take(r);
  if (!r.ok()) malformed(what);
}

bool is_bytes(const WireReader& r, int field) {
  return r.field() == field && r.type() == WireReader::kBytes;
}

/// Key and value of a map's entry.
std::pair<std::string, std::string_view> entry(std::string_view bytes, std::string_view what) {
  std::pair<std::string, std::string_view> out;
  fields(bytes, what, [&](const WireReader& r) {
    if (is_bytes(r, 1)) out.first = r.bytes();
    if (is_bytes(r, 2)) out.second = r.bytes();
  });
  return out;
}

TensorInfo read_info(std::string_view bytes) {
  TensorInfo info;
  fields(bytes, "the description of a tensor", [&](const WireReader& r) {
    if (is_bytes(r, 1)) info.name = r.bytes();
    if (r.field() == 2 && r.type() == WireReader::kVarint && r.number() < kNumDTypes) {
      info.dtype = DType(r.number());
    }
    if (is_bytes(r, 3)) info.shape = decode_shape(r.bytes());
  });
  return info;
}

Signature read_signature(std::string_view bytes) {
  Signature out;
  fields(bytes, "a signature", [&](const WireReader& r) {
    if (is_bytes(r, 1) || is_bytes(r, 2)) {
      auto [key, value] = entry(r.bytes(), "a signature");
      (r.field() == 1 ? out.inputs : out.outputs)[key] = read_info(value);
    }
    if (is_bytes(r, 3)) out.method = r.bytes();
  });
  return out;
}

SaverNames read_saver(std::string_view bytes) {
  SaverNames out;
  fields(bytes, "the saver", [&](const WireReader& r) {
    if (is_bytes(r, 1)) out.filename = r.bytes();
    if (is_bytes(r, 2)) out.save = r.bytes();
    if (is_bytes(r, 3)) out.restore = r.bytes();
  });
  return out;
}

/// The names in a collection of nodes; other kinds belong to Python.
std::vector<std::string> read_nodes(std::string_view bytes) {
  std::vector<std::string> out;
  fields(bytes, "a collection", [&](const WireReader& r) {
    if (!is_bytes(r, 1)) return;
    fields(r.bytes(), "a collection", [&](const WireReader& item) {
      if (is_bytes(item, 1)) out.emplace_back(item.bytes());
    });
  });
  return out;
}

}  // namespace

MetaGraph parse_meta_graph(std::string_view bytes) {
  MetaGraph out;
  fields(bytes, "the meta graph", [&](const WireReader& r) {
    if (is_bytes(r, 1)) {
      fields(r.bytes(), "the information on the meta graph", [&](const WireReader& info) {
        if (is_bytes(info, 2)) out.op_list = info.bytes();
        if (is_bytes(info, 4)) out.tags.emplace_back(info.bytes());
      });
    }
    // Parts of one message that come twice are one: for bytes that means one after the other.
    if (is_bytes(r, 2)) out.graph_def += r.bytes();
    if (is_bytes(r, 3)) out.saver = read_saver(r.bytes());
    if (is_bytes(r, 4)) {
      auto [name, value] = entry(r.bytes(), "a collection");
      std::vector<std::string> nodes = read_nodes(value);
      if (!nodes.empty()) out.collections[name] = std::move(nodes);
    }
    if (is_bytes(r, 5)) {
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
      if (!is_bytes(r, 2)) continue;
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
