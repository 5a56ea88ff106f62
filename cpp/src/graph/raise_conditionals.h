// SPDX-License-Identifier: Apache-2.0
// Owns: what raising knows of conditionals: under which outcomes of which predicates a node runs,
// and which nodes become one If.
// Called by: raise_paths.cpp, raise_stages.cpp, raise_branches.cpp.
// Must not know: loops; Graph.
#pragma once

#include <array>
#include <queue>
#include <vector>

#include "graph/raise_scope.h"

namespace caudal::raising {

/// A conjunction of outcomes, as a node of a tree: `outer` and branch `branch` of `group`.
struct Path {
  int outer = -1, group = -1, branch = 0, depth = 0;
};

/// Both branches of one predicate below one path.
struct Group {
  int path = 0;   ///< where the predicate is asked
  int predicate;  ///< index into predicates
  std::array<int, 2> branches{-1, -1};
};

constexpr int kDead = -1;  ///< the path of what never runs

struct MergeInfo {
  int group = -1;               ///< of a Merge that joins both branches
  std::array<int, 2> inputs{};  ///< which input comes from which branch
  bool index_used = false;
};

/// Where nodes run. After it was made, no edge of a live node leads to a Switch.
struct Paths {
  Paths(Scope& scope, Library& library);

  int depth(int path) const { return tree[std::size_t(path)].depth; }
  /// Levels of groups that a node belongs to: those of its path, and its own for a Merge.
  int level(int node) const;
  /// The group at `level`, 1 being the outermost.
  int group_at(int node, int level) const;
  bool joins(int node) const { return merge[std::size_t(node)].group >= 0; }
  /// A constant that every reader gets a copy of.
  bool floats(int node) const { return floating[std::size_t(node)] != 0; }

  std::vector<int> path;  ///< by node
  std::vector<MergeInfo> merge;
  std::vector<char> needed, floating;
  std::vector<Path> tree;
  std::vector<Group> groups;
  std::vector<Edge> predicates;
  std::unordered_map<std::uint64_t, DType> types;  ///< of values that went through a Switch
  std::vector<int> order;                          ///< topological

 private:
  int extend(int path, int group_path, int predicate, int branch);
  int child(int path, int predicate, int branch);
  int join(int a, int b);
  int common(int a, int b) const;
  bool below(int inner, int outer) const;
  int predicate_of(const Edge& origin);
  int path_of(const Edge& e) const;
  bool assume_results();
  void find_paths();
  void place_switch(int node, int here);
  void place_merge(int node);
  void rewrite();
  void mark_needed();

  Scope& scope_;
  Library& library_;
  std::vector<Edge> origin_;
  std::vector<int> assumed_;             ///< by predicate: the only branch there is, or -1
  std::vector<int> variable_;            ///< answers of variable_behind
  std::vector<std::array<int, 2>> out_;  ///< of Switch nodes
  std::vector<Edge> alias_;              ///< what a Switch hands on
  std::vector<int> sync_;                ///< a NoOp that stands for a Switch's control inputs
  std::unordered_map<std::uint64_t, int> predicate_ids_;
  std::unordered_map<std::uint64_t, int> group_ids_;
};

/// Nodes that become one If: they hang together below one group and need nothing that depends on
/// the If itself.
struct Batch {
  int group = -1;
  int outer = -1;  ///< the batch around, -1 for none
};

struct Batches {
  std::vector<Batch> list;
  std::vector<int> of_node;  ///< -1: none
};
Batches form_batches(const Scope& scope, const Paths& paths);

/// Moves the nodes of batches into functions and puts If nodes in their place.
void build_branches(Scope& scope, Library& library, Paths& paths, const Batches& batches);

}  // namespace caudal::raising
