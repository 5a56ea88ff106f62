// SPDX-License-Identifier: Apache-2.0
// Restoring and saving the variables of a model that was read from files.
#include <charconv>

#include "caudal/error.h"
#include "caudal/meta_graph.h"
#include "io/file.h"

namespace caudal {
namespace {

std::string under(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "/" + name;
}

Tensor text(const std::string& value) {
  Tensor t(DType::kString, Shape{});
  *t.data<std::string>() = value;
  return t;
}

/// The text between quotation marks of a line of a text message, with its escapes undone.
std::string quoted(std::string_view line) {
  std::string out;
  const auto begin = line.find('"'), end = line.rfind('"');
  if (begin == std::string_view::npos || end == begin) return out;
  for (std::size_t i = begin + 1; i < end; ++i) {
    if (line[i] != '\\' || i + 1 >= end) {
      out += line[i];
      continue;
    }
    const char c = line[++i];
    if (c >= '0' && c <= '7') {
      int code = 0;
      std::size_t n = 0;
      for (; n < 3 && i + n < end && line[i + n] >= '0' && line[i + n] <= '7'; ++n) {
        code = code * 8 + (line[i + n] - '0');
      }
      out += char(code);
      i += n - 1;
    } else {
      out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
    }
  }
  return out;
}

}  // namespace

std::string latest_checkpoint(const std::string& folder) {
  const std::string path = folder + "/checkpoint";
  if (!io::file_exists(path)) return "";
  const std::string content = io::read_whole_file(path);
  constexpr std::string_view kKey = "model_checkpoint_path:";
  std::string_view rest = content;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (!line.starts_with(kKey)) continue;
    const std::string name = quoted(line);
    return name.starts_with("/") ? name : folder + "/" + name;
  }
  fail(Code::kDataLoss, path, ": the file names no checkpoint");
}

Node* find_node(Graph& graph, std::string_view name) {
  Node* node = graph.find(name);
  if (node == nullptr) fail(Code::kNotFound, "there is no node '", name, "' in the graph");
  return node;
}

Output find_output(Graph& graph, std::string_view name) {
  const auto colon = name.rfind(':');
  int index = 0;
  if (colon != std::string_view::npos) {
    const char* end = name.data() + name.size();
    const auto r = std::from_chars(name.data() + colon + 1, end, index);
    if (r.ec != std::errc() || r.ptr != end) invalid("'", name, "' is no name of a tensor");
  }
  Node* node = find_node(graph, name.substr(0, colon));
  if (index < 0 || index >= node->num_outputs()) {
    fail(Code::kNotFound, "'", node->name(), "' has no output ", index);
  }
  return node->output(index);
}

void restore(Session& session, Graph& graph, const SaverNames& saver, const std::string& checkpoint,
             const std::string& prefix) {
  if (saver.restore.empty()) fail(Code::kFailedPrecondition, "the model has no saver");
  session.run({{find_output(graph, under(prefix, saver.filename)), text(checkpoint)}}, {},
              {find_node(graph, under(prefix, saver.restore))});
}

void save(Session& session, Graph& graph, const SaverNames& saver, const std::string& checkpoint,
          const std::string& prefix) {
  if (saver.save.empty()) fail(Code::kFailedPrecondition, "the model has no saver");
  session.run({{find_output(graph, under(prefix, saver.filename)), text(checkpoint)}},
              {find_output(graph, under(prefix, saver.save))});
}

void restore_saved_model(Session& session, Graph& graph, const MetaGraph& model,
                         const std::string& folder, const std::string& prefix) {
  const std::string variables = folder + "/variables/variables";
  if (!model.saver.restore.empty() && io::file_exists(variables + ".index")) {
    restore(session, graph, model.saver, variables, prefix);
  }
  std::vector<std::string> names;
  if (const auto s = model.signatures.find("__saved_model_init_op");
      s != model.signatures.end() && !s->second.outputs.empty()) {
    names.push_back(s->second.outputs.begin()->second.name);
  }
  for (const char* collection : {"saved_model_main_op", "legacy_init_op"}) {
    if (const auto c = model.collections.find(collection);
        names.empty() && c != model.collections.end()) {
      names = c->second;
    }
  }
  for (const std::string& name : names) {
    session.run({}, {}, {find_node(graph, under(prefix, name.substr(0, name.find(':'))))});
  }
}

}  // namespace caudal
