// SPDX-License-Identifier: Apache-2.0
// Owns: trained models as files: meta graphs with their checkpoints, SavedModels.
// Called by: programs in C++ that serve or go on training.
// Must not know: how graphs are built or run.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "caudal/graph_def.h"
#include "caudal/session.h"

namespace caudal {

/// A tensor of a model's interface.
struct TensorInfo {
  std::string name;  ///< "node:k" in the graph
  DType dtype = DType::kInvalid;
  PartialShape shape;
};

/// What a model offers under one name, such as "serving_default".
struct Signature {
  std::map<std::string, TensorInfo> inputs, outputs;
  std::string method;
};

/// The names through which a graph saves and restores its variables.
struct SaverNames {
  std::string filename;  ///< tensor "node:k" that is fed with the prefix of the checkpoint
  std::string save;      ///< tensor to fetch for saving
  std::string restore;   ///< node to run for restoring
};

/// A MetaGraphDef.
struct MetaGraph {
  std::string graph_def;  ///< bytes, for import_graph_def()
  std::string op_list;    ///< bytes, for ImportOptions
  SaverNames saver;
  std::vector<std::string> tags;
  std::map<std::string, Signature> signatures;
  /// Collections of nodes ("train") and tensors ("loss:0") by name.
  std::map<std::string, std::vector<std::string>> collections;
};

/// Throws DataLoss for bytes that are no MetaGraphDef.
CAUDAL_API MetaGraph parse_meta_graph(std::string_view bytes);
/// The meta graph of a `.meta` file. Throws NotFound, DataLoss with the path.
CAUDAL_API MetaGraph read_meta_graph(const std::string& path);
/// The meta graph of a SavedModel folder whose tags are exactly these. Throws NotFound when there
/// is none.
CAUDAL_API MetaGraph read_saved_model(const std::string& folder,
                                      const std::vector<std::string>& tags = {"serve"});

/// The prefix of the newest checkpoint that the `checkpoint` file of a folder names; empty when
/// there is no such file.
CAUDAL_API std::string latest_checkpoint(const std::string& folder);

/// Restores the variables of an imported model. Names of `saver` get the prefix under which the
/// graph was imported.
CAUDAL_API void restore(Session& session, Graph& graph, const SaverNames& saver,
                        const std::string& checkpoint, const std::string& prefix = "");
/// Saves them under `checkpoint` (the prefix of the files).
CAUDAL_API void save(Session& session, Graph& graph, const SaverNames& saver,
                     const std::string& checkpoint, const std::string& prefix = "");
/// Restores the variables of a SavedModel, whose folder they are in, and runs what it asks to be
/// run after that.
CAUDAL_API void restore_saved_model(Session& session, Graph& graph, const MetaGraph& model,
                                    const std::string& folder, const std::string& prefix = "");

/// The tensor "node:k" or "node" of a graph. Throws NotFound.
CAUDAL_API Output find_output(Graph& graph, std::string_view name);
/// Throws NotFound.
CAUDAL_API Node* find_node(Graph& graph, std::string_view name);

}  // namespace caudal
