// SPDX-License-Identifier: Apache-2.0
#include "caudal/meta_graph.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/wire.h"
#include "testing.h"

using namespace caudal;

namespace {

std::string folder() {
  const auto path =
      std::filesystem::temp_directory_path() / ("caudal_meta_graph_" + std::to_string(::getpid()));
  std::filesystem::create_directories(path);
  return path.string();
}

Tensor texts(const std::vector<std::string>& values) {
  Tensor t(DType::kString, Shape({std::int64_t(values.size())}));
  for (std::size_t i = 0; i < values.size(); ++i) t.data<std::string>()[i] = values[i];
  return t;
}

/// y = x v, with the nodes that save and restore v.
void build(Graph& graph) {
  const Builder b(graph);
  const Output x = b("Placeholder", {}, {{"dtype", DType::kFloat}}, "x");
  const Output v = b("VariableV2", {}, {{"dtype", DType::kFloat}, {"shape", PartialShape{2}}}, "v");
  b.node("Assign", {v, b.constant(Tensor::vector<float>({3, 4}))}, {}, "init");
  b("Mul", {x, v}, {}, "y");
  const Output file = b("Placeholder", {}, {{"dtype", DType::kString}}, "save/file");
  const Output names = b.constant(texts({"v"})), slices = b.constant(texts({""}));
  Node* save = b.node("SaveV2", {file, names, slices, v}, {}, "save/SaveV2");
  b.with_control({save})("Identity", {file}, {}, "save/saved");
  const std::vector<DType> types{DType::kFloat};
  const Output read = b("RestoreV2", {file, names, slices}, {{"dtypes", types}}, "save/RestoreV2");
  b.node("Assign", {v, read}, {}, "save/restore");
}

std::string message(const Graph& graph) {
  WireWriter saver, tensor, entry, signature, signature_entry, info, out;
  saver.bytes(1, "save/file:0");
  saver.bytes(2, "save/saved:0");
  saver.bytes(3, "save/restore");
  tensor.bytes(1, "x:0");
  tensor.number(2, 1);
  entry.bytes(1, "images");
  entry.bytes(2, tensor.out);
  signature.bytes(1, entry.out);
  signature.bytes(3, "predict");
  signature_entry.bytes(1, "serving_default");
  signature_entry.bytes(2, signature.out);
  info.bytes(4, "serve");
  out.bytes(1, info.out);
  out.bytes(2, export_graph_def(graph));
  out.bytes(3, saver.out);
  out.bytes(5, signature_entry.out);
  return out.out;
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace

TEST(models_come_back_from_files) {
  const std::string where = folder(), prefix = where + "/model";
  Graph graph;
  build(graph);
  write(prefix + ".meta", message(graph));
  write(where + "/checkpoint", "model_checkpoint_path: \"model\"\n");
  Session session(graph);
  session.run({}, {}, {graph.find("init")});
  const MetaGraph model = read_meta_graph(prefix + ".meta");
  save(session, graph, model.saver, prefix);

  CHECK_EQ(latest_checkpoint(where), prefix);
  CHECK_EQ(latest_checkpoint(where + "/none"), std::string());
  CHECK_EQ(model.signatures.at("serving_default").inputs.at("images").name, std::string("x:0"));
  CHECK_EQ(model.tags.at(0), std::string("serve"));
  for (const std::string part : {"", "part"}) {
    Graph copy;
    ImportOptions options;
    options.prefix = part;
    import_graph_def(copy, model.graph_def, options);
    Session other(copy);
    restore(other, copy, model.saver, prefix, part);
    const std::string before = part.empty() ? "" : part + "/";
    const Tensor y =
        other.run({{find_output(copy, before + "x:0"), Tensor::vector<float>({10, 100})}},
                  {find_output(copy, before + "y")})[0];
    CHECK_EQ(y.data<float>()[0], 30.0f);
    CHECK_EQ(y.data<float>()[1], 400.0f);
  }

  WireWriter saved_model;
  saved_model.number(1, 1);
  saved_model.bytes(2, message(graph));
  write(where + "/saved_model.pb", saved_model.out);
  CHECK_EQ(read_saved_model(where).saver.restore, std::string("save/restore"));
  CHECK(ERROR_OF(read_saved_model(where, {"train"})).find("{serve}") != std::string::npos);
  std::filesystem::remove_all(where);
}

TEST(bad_models_are_errors) {
  CHECK(ERROR_OF(read_meta_graph("/nowhere/model.meta")).find("/nowhere") != std::string::npos);
  CHECK(!ERROR_OF(parse_meta_graph("\x12\xff")).empty());
  Graph graph;
  build(graph);
  CHECK(!ERROR_OF(find_node(graph, "nothing")).empty());
  CHECK(!ERROR_OF(find_output(graph, "x:7")).empty());
  CHECK(!ERROR_OF(find_output(graph, "x:y")).empty());
  Session session(graph);
  CHECK(!ERROR_OF(restore(session, graph, {}, "/nowhere/model")).empty());
}

TEST(a_failed_import_leaves_the_graph) {
  Graph graph;
  build(graph);
  const int count = graph.num_nodes();
  const std::string bytes = export_graph_def(graph);
  CHECK(ERROR_OF(import_graph_def(graph, bytes)).find("already exists") != std::string::npos);
  CHECK_EQ(graph.num_nodes(), count);
  Graph other;
  CHECK(!ERROR_OF(import_graph_def(other, bytes.substr(0, bytes.size() - 3))).empty());
  CHECK_EQ(other.num_nodes(), 0);
  import_graph_def(other, bytes);
  CHECK_EQ(other.num_nodes(), count);
}
