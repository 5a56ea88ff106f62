// SPDX-License-Identifier: Apache-2.0
// Serves a trained model without Python: serve MODEL INPUT OUTPUT reads rows of numbers from the
// standard input, feeds them to the tensor INPUT and prints the rows of OUTPUT.
//
// MODEL is a folder with a checkpoint and its .meta file, as tf.train.Saver writes them, the prefix
// of a checkpoint, or a SavedModel folder; caudal's or TensorFlow's.
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "caudal/error.h"
#include "caudal/meta_graph.h"

using caudal::Output;
using caudal::Tensor;

namespace {

/// The rows of the standard input, as one tensor; they must be of equal length.
Tensor read_rows() {
  std::vector<float> values;
  std::int64_t rows = 0, columns = 0;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream numbers(line);
    std::int64_t count = 0;
    for (float value = 0; numbers >> value; ++count) values.push_back(value);
    if (count == 0) continue;
    if (rows > 0 && count != columns) {
      throw caudal::Error(caudal::Code::kInvalidArgument,
                          "row " + std::to_string(rows + 1) + " has " + std::to_string(count) +
                              " numbers, those before have " + std::to_string(columns));
    }
    columns = count;
    ++rows;
  }
  return Tensor::of<float>(values, {rows, columns});
}

int serve(const std::string& path, const std::string& input, const std::string& output) {
  caudal::Graph graph;
  caudal::MetaGraph model;
  std::string checkpoint;
  const bool saved_model = std::filesystem::exists(path + "/saved_model.pb");
  if (saved_model) {
    model = caudal::read_saved_model(path);
  } else {
    checkpoint = std::filesystem::is_directory(path) ? caudal::latest_checkpoint(path) : path;
    model = caudal::read_meta_graph(checkpoint + ".meta");
  }
  caudal::import_graph_def(graph, model.graph_def);
  const Output x = caudal::find_output(graph, input), y = caudal::find_output(graph, output);

  caudal::Session session(graph);
  if (saved_model) {
    caudal::restore_saved_model(session, graph, model, path);
  } else {
    caudal::restore(session, graph, model.saver, checkpoint);
  }

  const Tensor result = session.run({{x, read_rows()}}, {y})[0];
  const std::int64_t rows = result.shape().rank() > 0 ? result.shape()[0] : 1;
  const std::int64_t width = rows > 0 ? result.num_elements() / rows : 0;
  for (std::int64_t i = 0; i < rows * width; ++i) {
    std::printf("%.6g%c", result.data<float>()[i], (i + 1) % width == 0 ? '\n' : ' ');
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s MODEL INPUT OUTPUT < rows of numbers\n", argv[0]);
    return 2;
  }
  try {
    return serve(argv[1], argv[2], argv[3]);
  } catch (const caudal::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
