// SPDX-License-Identifier: Apache-2.0
// GraphDefs: read, raised, added to a graph, written, and read again. Meta graphs around them.
#include <optional>

#include "caudal/graph_def.h"
#include "caudal/meta_graph.h"
#include "fuzz.h"
#include "graph/op_registry.h"
#include "ops/all_ops.h"

namespace {

caudal::ImportOptions with_prefix() {
  caudal::ImportOptions options;
  options.prefix = "part";
  return options;
}

void import(std::string_view bytes) {
  caudal::Graph graph;
  caudal::import_graph_def(graph, bytes, with_prefix());
  // What could be read can be written, but for what GraphDefs cannot say, and read again.
  std::optional<std::string> written;
  try {
    written = caudal::export_graph_def(graph, {0, true});
  } catch (const caudal::Error& e) {
    if (e.code() != caudal::Code::kUnimplemented) std::abort();
  }
  if (!written) return;
  caudal::Graph again;
  caudal::import_graph_def(again, *written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool ready = [] {
    caudal::set_builtin_ops(&caudal::ops::all_families);
    return true;
  }();
  (void)ready;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  fuzz::attempt([&] { import(bytes); });
  fuzz::attempt([&] { import(caudal::parse_meta_graph(bytes).graph_def); });
  return 0;
}
