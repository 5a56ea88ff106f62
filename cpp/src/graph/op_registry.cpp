// SPDX-License-Identifier: Apache-2.0
#include "graph/op_registry.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "caudal/error.h"

namespace caudal {
namespace {

/// Rows are parsed when an op is first asked for: importing stays fast however many there are.
class Registry {
 public:
  void add(std::span<const OpRow> rows) {
    std::unique_lock lock(mutex_);
    for (const OpRow& row : rows) {
      if (!rows_.emplace(row.name, &row).second) {
        fail(Code::kAlreadyExists, "op ", row.name, " is registered twice");
      }
    }
  }

  const OpDef* find(std::string_view name) {
    {
      std::shared_lock lock(mutex_);
      if (const auto it = defs_.find(name); it != defs_.end()) return it->second.get();
    }
    std::unique_lock lock(mutex_);
    if (const auto it = defs_.find(name); it != defs_.end()) return it->second.get();
    const auto row = rows_.find(name);
    if (row == rows_.end()) return nullptr;
    auto def = std::make_unique<OpDef>(parse_op_row(*row->second));
    return defs_.emplace(row->first, std::move(def)).first->second.get();
  }

  void add(std::unique_ptr<OpDef> op) {
    std::unique_lock lock(mutex_);
    const std::string_view name = op->name;
    if (!rows_.contains(name)) defs_.emplace(name, std::move(op));
  }

  std::vector<std::string_view> names() {
    std::shared_lock lock(mutex_);
    std::vector<std::string_view> out;
    for (const auto& [name, row] : rows_) out.push_back(name);
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  std::shared_mutex mutex_;
  std::unordered_map<std::string_view, const OpRow*> rows_;
  std::unordered_map<std::string_view, std::unique_ptr<OpDef>> defs_;
};

std::vector<std::span<const OpRow>> (*builtin_families)() = nullptr;

// Never destroyed: graphs of the host language may outlive static destructors.
Registry& registry() {
  static Registry& r = []() -> Registry& {
    auto* made = new Registry;
    if (builtin_families != nullptr) {
      for (const auto rows : builtin_families()) made->add(rows);
    }
    return *made;
  }();
  return r;
}

}  // namespace

void set_builtin_ops(std::vector<std::span<const OpRow>> (*families)()) {
  builtin_families = families;
}

const OpDef* find_op(std::string_view name) { return registry().find(name); }

std::vector<const OpDef*> all_ops() {
  std::vector<const OpDef*> out;
  for (const std::string_view name : registry().names()) out.push_back(find_op(name));
  return out;
}

void register_ops(std::span<const OpRow> rows) {
  for (const OpRow& row : rows) parse_op_row(row);  // a mistake throws before anything is added
  registry().add(rows);
}

void add_op(std::unique_ptr<OpDef> op) { registry().add(std::move(op)); }

void no_gradient(GradContext&) {}

}  // namespace caudal
