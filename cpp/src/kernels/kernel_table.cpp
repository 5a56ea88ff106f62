// SPDX-License-Identifier: Apache-2.0
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "caudal/error.h"
#include "caudal/kernel.h"
#include "kernels/fusion.h"

namespace caudal {
namespace {

struct Device {
  std::unordered_map<std::string_view, std::vector<const KernelRow*>> rows;
  std::unique_ptr<Fuser> fuser;
};

struct Table {
  std::shared_mutex mutex;
  std::unordered_map<std::string, Device> devices;
};

// Never destroyed: sessions of the host language may outlive static destructors.
Table& table() {
  static Table& t = *new Table;
  return t;
}

const std::vector<const KernelRow*>* rows_of(Table& t, std::string_view device,
                                             std::string_view op) {
  const auto d = t.devices.find(std::string(device));
  if (d == t.devices.end()) return nullptr;
  const auto r = d->second.rows.find(op);
  return r == d->second.rows.end() ? nullptr : &r->second;
}

}  // namespace

void register_kernels(std::string_view device_type, std::span<const KernelRow> rows) {
  Table& t = table();
  std::unique_lock lock(t.mutex);
  Device& device = t.devices[std::string(device_type)];
  for (const KernelRow& row : rows) device.rows[row.op].push_back(&row);
}

const KernelRow* find_kernel(std::string_view device_type, std::string_view op,
                             const AttrMap& attrs) {
  Table& t = table();
  std::shared_lock lock(t.mutex);
  const auto* rows = rows_of(t, device_type, op);
  if (rows == nullptr) return nullptr;
  for (auto it = rows->rbegin(); it != rows->rend(); ++it) {
    const KernelRow& row = **it;
    if (*row.type_attr == '\0') return &row;
    const AttrValue* type = attrs.find(row.type_attr);
    if (type && type->holds<DType>() && row.types.contains(type->get<DType>())) return &row;
  }
  return nullptr;
}

DTypeSet kernel_types(std::string_view device_type, std::string_view op) {
  Table& t = table();
  std::shared_lock lock(t.mutex);
  DTypeSet out;
  if (const auto* rows = rows_of(t, device_type, op)) {
    for (const KernelRow* row : *rows) out = out | row->types;
  }
  return out;
}

bool has_kernel(std::string_view device_type, std::string_view op) {
  Table& t = table();
  std::shared_lock lock(t.mutex);
  return rows_of(t, device_type, op) != nullptr;
}

void register_fuser(std::string_view device_type, Fuser fuser) {
  Table& t = table();
  std::unique_lock lock(t.mutex);
  t.devices[std::string(device_type)].fuser = std::make_unique<Fuser>(fuser);
}

const Fuser* find_fuser(std::string_view device_type) {
  Table& t = table();
  std::shared_lock lock(t.mutex);
  const auto d = t.devices.find(std::string(device_type));
  return d == t.devices.end() ? nullptr : d->second.fuser.get();
}

namespace {

struct HostFunctions {
  std::mutex mutex;
  std::unordered_map<std::string, HostFunction> functions;
  LogSink sink;
};

HostFunctions& host() {
  static HostFunctions& h = *new HostFunctions;
  return h;
}

}  // namespace

void register_host_function(const std::string& token, HostFunction function) {
  std::lock_guard lock(host().mutex);
  host().functions[token] = std::move(function);
}

void unregister_host_function(const std::string& token) {
  HostFunction dying;  // destroyed outside of the lock: it may run code of the host language
  std::lock_guard lock(host().mutex);
  const auto it = host().functions.find(token);
  if (it == host().functions.end()) return;
  dying = std::move(it->second);
  host().functions.erase(it);
}

HostFunction find_host_function(const std::string& token) {
  std::lock_guard lock(host().mutex);
  const auto it = host().functions.find(token);
  if (it == host().functions.end()) {
    fail(Code::kNotFound, "no function is registered under the token '", token, "'");
  }
  return it->second;
}

void set_log_sink(LogSink sink) {
  std::lock_guard lock(host().mutex);
  host().sink = std::move(sink);
}

void log_line(std::string_view text) {
  LogSink sink;
  {
    std::lock_guard lock(host().mutex);
    sink = host().sink;
  }
  if (sink) {
    sink(text);
  } else {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fputc('\n', stderr);
  }
}

}  // namespace caudal
