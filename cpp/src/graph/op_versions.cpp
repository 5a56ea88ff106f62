// SPDX-License-Identifier: Apache-2.0
#include "graph/op_versions.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "caudal/op_def.h"

namespace caudal {
namespace {

/// `attr` of the file's op goes by another name, or by none if that is empty.
struct AttrName {
  std::string_view attr, now;
};

struct Version {
  std::string_view op, now;
  AttrName attrs[3];
  /// These types have to be the same for the ops to be.
  std::string_view same[3];
};

constexpr Version kVersions[] = {
    // Handles were strings by reference.
    {"FIFOQueue", "FIFOQueueV2", {}, {}},
    {"PaddingFIFOQueue", "PaddingFIFOQueueV2", {}, {}},
    {"PriorityQueue", "PriorityQueueV2", {}, {}},
    {"RandomShuffleQueue", "RandomShuffleQueueV2", {}, {}},
    {"QueueClose", "QueueCloseV2", {}, {}},
    {"QueueDequeue", "QueueDequeueV2", {}, {}},
    {"QueueDequeueMany", "QueueDequeueManyV2", {}, {}},
    {"QueueDequeueUpTo", "QueueDequeueUpToV2", {}, {}},
    {"QueueEnqueue", "QueueEnqueueV2", {}, {}},
    {"QueueEnqueueMany", "QueueEnqueueManyV2", {}, {}},
    {"QueueIsClosed", "QueueIsClosedV2", {}, {}},
    {"QueueSize", "QueueSizeV2", {}, {}},
    {"HashTable", "HashTableV2", {}, {}},
    {"MutableHashTable", "MutableHashTableV2", {}, {}},
    {"MutableHashTableOfTensors", "MutableHashTableOfTensorsV2", {}, {}},
    {"MutableDenseHashTable", "MutableDenseHashTableV2", {}, {}},
    {"InitializeTable", "InitializeTableV2", {}, {}},
    {"InitializeTableFromTextFile", "InitializeTableFromTextFileV2", {}, {}},
    {"LookupTableExport", "LookupTableExportV2", {}, {}},
    {"LookupTableFind", "LookupTableFindV2", {}, {}},
    {"LookupTableImport", "LookupTableImportV2", {}, {}},
    {"LookupTableInsert", "LookupTableInsertV2", {}, {}},
    {"LookupTableSize", "LookupTableSizeV2", {}, {}},
    {"FixedLengthRecordReader", "FixedLengthRecordReaderV2", {}, {}},
    {"IdentityReader", "IdentityReaderV2", {}, {}},
    {"TFRecordReader", "TFRecordReaderV2", {}, {}},
    {"TextLineReader", "TextLineReaderV2", {}, {}},
    {"WholeFileReader", "WholeFileReaderV2", {}, {}},
    {"ReaderNumRecordsProduced", "ReaderNumRecordsProducedV2", {}, {}},
    {"ReaderNumWorkUnitsCompleted", "ReaderNumWorkUnitsCompletedV2", {}, {}},
    {"ReaderRead", "ReaderReadV2", {}, {}},
    {"ReaderReadUpTo", "ReaderReadUpToV2", {}, {}},
    {"ReaderReset", "ReaderResetV2", {}, {}},
    {"ReaderRestoreState", "ReaderRestoreStateV2", {}, {}},
    {"ReaderSerializeState", "ReaderSerializeStateV2", {}, {}},
    {"TensorArrayV2", "TensorArrayV3", {}, {}},
    {"TensorArrayCloseV2", "TensorArrayCloseV3", {}, {}},
    {"TensorArrayConcatV2", "TensorArrayConcatV3", {}, {}},
    {"TensorArrayGatherV2", "TensorArrayGatherV3", {}, {}},
    {"TensorArrayGradV2", "TensorArrayGradV3", {}, {}},
    {"TensorArrayReadV2", "TensorArrayReadV3", {}, {}},
    {"TensorArrayScatterV2", "TensorArrayScatterV3", {}, {}},
    {"TensorArraySizeV2", "TensorArraySizeV3", {}, {}},
    {"TensorArraySplitV2", "TensorArraySplitV3", {}, {}},
    {"TensorArrayWriteV2", "TensorArrayWriteV3", {}, {}},
    {"TensorArray", "TensorArrayV3", {}, {}},
    {"TensorArrayClose", "TensorArrayCloseV3", {}, {}},
    {"TensorArrayConcat", "TensorArrayConcatV3", {}, {}},
    {"TensorArrayGather", "TensorArrayGatherV3", {}, {}},
    {"TensorArrayGrad", "TensorArrayGradV3", {}, {}},
    {"TensorArrayRead", "TensorArrayReadV3", {}, {}},
    {"TensorArrayScatter", "TensorArrayScatterV3", {}, {}},
    {"TensorArraySize", "TensorArraySizeV3", {}, {}},
    {"TensorArraySplit", "TensorArraySplitV3", {}, {}},
    {"TensorArrayWrite", "TensorArrayWriteV3", {}, {}},
    {"StackClose", "StackCloseV2", {}, {}},
    {"StackPop", "StackPopV2", {}, {}},
    {"StackPush", "StackPushV2", {}, {}},
    // Handles of variables are references here.
    {"VariableShape", "Shape", {}, {}},
    {"ResourceGatherNd", "GatherNd", {{"dtype", "Tparams"}}, {}},
    {"ResourceScatterNdAdd", "ScatterNdAdd", {}, {}},
    {"ResourceScatterNdSub", "ScatterNdSub", {}, {}},
    {"ResourceScatterNdUpdate", "ScatterNdUpdate", {}, {}},
    // Of TensorFlow 2.
    {"BatchMatMulV3",
     "BatchMatMulV2",
     {{"Ta", "T"}, {"Tb", ""}, {"Tout", ""}},
     {"Ta", "Tb", "Tout"}},
    {"TensorListSetItem",
     "TensorListSetItem",
     {{"resize_if_index_out_of_bounds", "_resize_if_index_out_of_bounds"}},
     {}},
    {"CheckNumericsV2", "CheckNumerics", {}, {}},
    {"QuantizeAndDequantizeV4", "QuantizeAndDequantizeV2", {}, {}},
};

bool same_types(const NodeDef& node, const Version& version) {
  const std::string* first = nullptr;
  for (const std::string_view name : version.same) {
    if (name.empty()) continue;
    const std::string* value = find_attr(node.attrs, name);
    if (value == nullptr || (first != nullptr && *value != *first)) return false;
    first = value;
  }
  return true;
}

void use_known_op(NodeDef& node,
                  const std::unordered_map<std::string_view, const Version*>& versions) {
  const auto found = versions.find(node.op);
  if (found == versions.end()) return;
  const Version& version = *found->second;
  const bool known = find_op(node.op) != nullptr && version.now != node.op;
  if (known || find_op(version.now) == nullptr) return;
  if (!same_types(node, version)) return;
  node.op = version.now;
  for (const AttrName& name : version.attrs) {
    if (name.attr.empty()) continue;
    if (name.now.empty()) {
      std::erase_if(node.attrs, [&](const auto& attr) { return attr.first == name.attr; });
    } else {
      for (auto& attr : node.attrs) {
        if (attr.first == name.attr) attr.first = name.now;
      }
    }
  }
}

}  // namespace

void use_known_ops(GraphDef& graph) {
  static const auto versions = [] {
    std::unordered_map<std::string_view, const Version*> out;
    for (const Version& v : kVersions) out.emplace(v.op, &v);
    return out;
  }();
  for (NodeDef& node : graph.nodes) use_known_op(node, versions);
  for (FunctionDef& f : graph.functions) {
    for (NodeDef& node : f.nodes) use_known_op(node, versions);
  }
}

}  // namespace caudal
