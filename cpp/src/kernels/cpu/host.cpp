// SPDX-License-Identifier: Apache-2.0
// Kernels that talk to the outside: printing, assertions, host functions, strings, time.
#include <atomic>
#include <chrono>
#include <cmath>
#include <complex>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/parallel_for.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/summarize.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

constexpr DTypeSet kReal{DType::kFloat, DType::kDouble};

/// What Print and Assert say: data inputs as "[...]", from input 1 on.
struct Report {
  std::string message;
  std::int64_t summarize = 3;
  std::vector<ValueInfo> inputs;

  void init(const KernelRequest& r) {
    summarize = r.attrs->i("summarize");
    inputs.assign(r.inputs.begin(), r.inputs.end());
    for (ValueInfo& v : inputs) v.constant = nullptr;
  }
  /// data(i): memory of input i.
  template <class F>
  std::string text(std::string_view separator, F data) const {
    std::string out;
    for (std::size_t i = 1; i < inputs.size(); ++i) {
      if (i > 1) out += separator;
      out += "[" + summarize_nested(inputs[i].dtype, inputs[i].shape, data(i), summarize) + "]";
    }
    return out;
  }
};

struct PrintParams {
  Report report;
  std::int64_t first_n = -1;
  std::shared_ptr<std::atomic<std::int64_t>> printed;
  std::size_t bytes = 0;

  template <class F>
  void print(F data) const {
    if (first_n >= 0 && printed->fetch_add(1) >= first_n) return;
    log_line(report.message + report.text("", data));
  }
};

Prepared prepare_print(const KernelRequest& r) {
  Prepared p;
  auto* q = make_params<PrintParams>(p);
  q->report.init(r);
  q->report.message = r.attrs->s("message");
  q->first_n = r.attrs->i("first_n");
  using Counter = std::atomic<std::int64_t>;
  if (r.node_state && *r.node_state) {
    q->printed = std::static_pointer_cast<Counter>(*r.node_state);
  } else {
    q->printed = std::make_shared<Counter>(0);
    if (r.node_state) *r.node_state = q->printed;
  }
  if (is_object(r.inputs[0].dtype)) {
    p.run_dynamic = [](const void* raw, std::span<const Tensor> in, std::span<Tensor> out,
                       RunContext&) {
      static_cast<const PrintParams*>(raw)->print([&](std::size_t i) { return in[i].raw(); });
      out[0] = in[0];
    };
    return p;
  }
  q->bytes = std::size_t(r.inputs[0].shape.num_elements()) * dtype_size(r.inputs[0].dtype);
  p.inplace_inputs = 1;
  p.run = [](const void* raw, void* const* in, void* const* out, void*, RunContext&) {
    const auto& params = *static_cast<const PrintParams*>(raw);
    params.print([&](std::size_t i) { return in[i]; });
    if (out[0] != in[0] && params.bytes != 0) std::memcpy(out[0], in[0], params.bytes);
  };
  return p;
}

Prepared prepare_assert(const KernelRequest& r) {
  Prepared p;
  make_params<Report>(p)->init(r);
  p.run = [](const void* raw, void* const* in, void* const*, void*, RunContext&) {
    if (*static_cast<const bool*>(in[0])) return;
    invalid("assertion failed: ",
            static_cast<const Report*>(raw)->text(" ", [&](std::size_t i) { return in[i]; }));
  };
  return p;
}

struct CheckParams {
  std::string message;
  std::int64_t n = 0;
};

template <class T>
void run_check_numerics(const void* raw, void* const* in, void* const* out, void*, RunContext&) {
  const auto& q = *static_cast<const CheckParams*>(raw);
  const auto* x = static_cast<const T*>(in[0]);
  auto* y = static_cast<T*>(out[0]);
  std::atomic<bool> nan{false}, infinite{false};
  parallel_for(q.n, 65536, [&](std::int64_t begin, std::int64_t end) {
    // x - x is 0 for finite numbers and NaN for all others.
    int bad = 0;
#pragma omp simd reduction(| : bad)
    for (std::int64_t i = begin; i < end; ++i) {
      const T difference = x[i] - x[i];
      bad |= int(difference != T(0));
    }
    if (bad) {
      for (std::int64_t i = begin; i < end; ++i) {
        if (std::isnan(x[i])) nan = true;
        if (std::isinf(x[i])) infinite = true;
      }
    }
    if (x != y) std::memcpy(y + begin, x + begin, std::size_t(end - begin) * sizeof(T));
  });
  if (nan && infinite) invalid(q.message, " : Tensor had Inf and NaN values");
  if (infinite) invalid(q.message, " : Tensor had Inf values");
  if (nan) invalid(q.message, " : Tensor had NaN values");
}

Prepared prepare_check_numerics(const KernelRequest& r) {
  Prepared p;
  auto* q = make_params<CheckParams>(p);
  q->message = r.attrs->s("message");
  q->n = r.inputs[0].shape.num_elements();
  p.inplace_inputs = 1;
  p.run =
      r.inputs[0].dtype == DType::kDouble ? run_check_numerics<double> : run_check_numerics<float>;
  return p;
}

struct PyFuncParams {
  std::string token;
  std::vector<DType> types;
};

Prepared prepare_py_func(const KernelRequest& r) {
  Prepared p;
  auto* q = make_params<PyFuncParams>(p);
  q->token = r.attrs->s("token");
  q->types = r.attrs->types("Tout");
  p.run_dynamic = [](const void* raw, std::span<const Tensor> in, std::span<Tensor> out,
                     RunContext&) {
    const auto& params = *static_cast<const PyFuncParams*>(raw);
    std::vector<Tensor> results = find_host_function(params.token)(in);
    if (results.size() != params.types.size()) {
      invalid(params.token, " returns ", std::int64_t(results.size()),
              " values, but expects to see ", std::int64_t(params.types.size()), " values.");
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i].dtype() != params.types[i]) {
        invalid(std::int64_t(i), "-th value returned by ", params.token, " is ",
                dtype_signature_name(results[i].dtype()), ", but expects ",
                dtype_signature_name(params.types[i]));
      }
      out[i] = std::move(results[i]);
    }
  };
  return p;
}

struct PrintV2Params {
  std::string stream, end;
};

void print_v2(const PrintV2Params& q, const std::string& text) {
  constexpr std::string_view kFile = "file://";
  if (q.stream == "stdout") {
    std::fputs((text + q.end).c_str(), stdout);
    std::fflush(stdout);
  } else if (q.stream.starts_with(kFile)) {
    const std::string path = q.stream.substr(kFile.size());
    std::FILE* file = std::fopen(path.c_str(), "ab");
    if (!file) fail(Code::kNotFound, path, " cannot be opened for writing");
    const std::string line = text + q.end;
    const bool written = std::fwrite(line.data(), 1, line.size(), file) == line.size();
    if (std::fclose(file) != 0 || !written) fail(Code::kDataLoss, "cannot write to ", path);
  } else if (q.stream == "stderr" && q.end != "\n") {
    std::fputs((text + q.end).c_str(), stderr);
  } else {
    log_line(text);
  }
}

Prepared prepare_print_v2(const KernelRequest& r) {
  Prepared p;
  auto* q = make_params<PrintV2Params>(p);
  q->stream = r.attrs->s("output_stream");
  q->end = r.attrs->s("end");
  bool known = q->stream.starts_with("file://");
  for (std::string_view s : {"stdout", "stderr", "log(info)", "log(warning)", "log(error)"}) {
    known |= q->stream == s;
  }
  if (!known) {
    invalid("Unknown output stream: ", q->stream,
            "; takes stderr, stdout, log(info), log(warning), log(error) and file://path");
  }
  p.run = [](const void* raw, void* const* in, void* const*, void*, RunContext&) {
    print_v2(*static_cast<const PrintV2Params*>(raw), *static_cast<const std::string*>(in[0]));
  };
  return p;
}

struct FormatParams {
  std::string text, placeholder;
  std::int64_t summarize = 3;
};

Prepared prepare_string_format(const KernelRequest& r) {
  Prepared p;
  auto* q = make_params<FormatParams>(p);
  q->text = r.attrs->s("template");
  q->placeholder = r.attrs->s("placeholder");
  q->summarize = r.attrs->i("summarize");
  std::size_t places = 0;
  if (q->placeholder.empty()) invalid("placeholder must not be empty");
  for (std::size_t at = 0; (at = q->text.find(q->placeholder, at)) != std::string::npos;
       at += q->placeholder.size()) {
    ++places;
  }
  if (places != r.inputs.size()) {
    invalid("num placeholders in template and num inputs must match: ", std::int64_t(places),
            " vs. ", std::int64_t(r.inputs.size()));
  }
  p.run_dynamic = [](const void* raw, std::span<const Tensor> in, std::span<Tensor> out,
                     RunContext&) {
    const auto& params = *static_cast<const FormatParams*>(raw);
    std::string text;
    std::size_t at = 0;
    for (const Tensor& t : in) {
      const std::size_t next = params.text.find(params.placeholder, at);
      text.append(params.text, at, next - at);
      text += summarize_edges(t.dtype(), t.shape(), t.raw(), params.summarize);
      at = next + params.placeholder.size();
    }
    text.append(params.text, at);
    out[0] = Tensor::string_scalar(std::move(text));
  };
  return p;
}

struct JoinParams {
  std::string separator;
};

Prepared prepare_string_join(const KernelRequest& r) {
  Prepared p;
  make_params<JoinParams>(p)->separator = r.attrs->s("separator");
  p.run_dynamic = [](const void* raw, std::span<const Tensor> in, std::span<Tensor> out,
                     RunContext&) {
    const std::string& separator = static_cast<const JoinParams*>(raw)->separator;
    Shape shape;
    for (const Tensor& t : in) {
      if (t.shape().rank() == 0) continue;
      if (shape.rank() != 0 && !(shape == t.shape())) {
        invalid("Input shapes do not match: ", shape, " vs. ", t.shape());
      }
      shape = t.shape();
    }
    out[0] = Tensor(DType::kString, shape);
    for (std::int64_t i = 0; i < shape.num_elements(); ++i) {
      std::string& joined = out[0].data<std::string>()[i];
      for (std::size_t k = 0; k < in.size(); ++k) {
        if (k > 0) joined += separator;
        joined += in[k].data<std::string>()[in[k].shape().rank() == 0 ? 0 : i];
      }
    }
  };
  return p;
}

struct AsStringParams {
  std::string format;  ///< of printf; empty: bool
};

template <class V>
std::string printf_text(const std::string& format, V value) {
  char small[64];
  const int n = std::snprintf(small, sizeof small, format.c_str(), value);
  if (n < int(sizeof small)) return small;
  std::string text(std::size_t(n), '\0');
  std::snprintf(text.data(), text.size() + 1, format.c_str(), value);
  return text;
}

/// (real,imaginary), each part in the format.
template <class R>
std::string complex_text(const std::string& format, std::complex<R> z) {
  return "(" + printf_text(format, double(z.real())) + "," + printf_text(format, double(z.imag())) +
         ")";
}

Prepared prepare_as_string(const KernelRequest& r) {
  Prepared p;
  auto* q = make_params<AsStringParams>(p);
  const DType dtype = r.inputs[0].dtype;
  const std::int64_t precision = r.attrs->i("precision"), width = r.attrs->i("width");
  const bool scientific = r.attrs->b("scientific"), shortest = r.attrs->b("shortest");
  const std::string& fill = r.attrs->s("fill");
  const bool real = is_floating(dtype) || is_complex(dtype);
  if (!real) {
    if (scientific || shortest) {
      invalid("scientific and shortest format not supported for datatype ", dtype);
    }
    if (precision >= 0) invalid("precision not supported for datatype ", dtype);
  }
  if (scientific && shortest) invalid("Cannot select both scientific and shortest notation");
  if (fill.size() > 1) invalid("Fill string must be one or fewer characters");
  if (fill.size() == 1 && std::strchr(" +-0", fill[0]) == nullptr) {
    invalid("Fill argument not supported: \"", fill, "\"");
  }
  if (precision > 4096 || width > 4096) invalid("precision and width must not exceed 4096");
  if (dtype != DType::kBool) {
    q->format = "%" + fill;
    if (width >= 0) q->format += std::to_string(width);
    if (real) {
      if (precision >= 0) q->format += "." + std::to_string(precision);
      q->format += scientific ? "e" : shortest ? "g" : "f";
    } else {
      q->format += "lld";
    }
  }
  p.run_dynamic = [](const void* raw, std::span<const Tensor> in, std::span<Tensor> out,
                     RunContext&) {
    const std::string& format = static_cast<const AsStringParams*>(raw)->format;
    const Tensor& x = in[0];
    out[0] = Tensor(DType::kString, x.shape());
    auto* text = out[0].data<std::string>();
    for (std::int64_t i = 0; i < x.num_elements(); ++i) {
      switch (x.dtype()) {
        case DType::kFloat:
          text[i] = printf_text(format, double(x.data<float>()[i]));
          break;
        case DType::kDouble:
          text[i] = printf_text(format, x.data<double>()[i]);
          break;
        case DType::kComplex64:
          text[i] = complex_text(format, x.data<std::complex<float>>()[i]);
          break;
        case DType::kComplex128:
          text[i] = complex_text(format, x.data<std::complex<double>>()[i]);
          break;
        case DType::kInt8:
          text[i] = printf_text(format, (long long)(x.data<std::int8_t>()[i]));
          break;
        case DType::kInt16:
          text[i] = printf_text(format, (long long)(x.data<std::int16_t>()[i]));
          break;
        case DType::kInt32:
          text[i] = printf_text(format, (long long)(x.data<std::int32_t>()[i]));
          break;
        case DType::kInt64:
          text[i] = printf_text(format, (long long)(x.data<std::int64_t>()[i]));
          break;
        default:
          text[i] = x.data<bool>()[i] ? "true" : "false";
      }
    }
  };
  return p;
}

Prepared prepare_timestamp(const KernelRequest&) {
  Prepared p;
  p.run = [](const void*, void* const*, void* const* out, void*, RunContext&) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    *static_cast<double*>(out[0]) = std::chrono::duration<double>(now).count();
  };
  return p;
}

}  // namespace

std::span<const KernelRow> host_kernels() {
  static const KernelRow rows[] = {
      {"Print", "", DTypeSet::all(), prepare_print},
      {"PrintV2", "", DTypeSet::all(), prepare_print_v2},
      {"Assert", "", DTypeSet::all(), prepare_assert},
      {"CheckNumerics", "T", kReal, prepare_check_numerics},
      {"PyFunc", "", DTypeSet::all(), prepare_py_func},
      {"PyFuncStateless", "", DTypeSet::all(), prepare_py_func},
      {"StringFormat", "", DTypeSet::all(), prepare_string_format},
      {"StringJoin", "", DTypeSet::all(), prepare_string_join},
      {"AsString",
       "T",
       {DType::kFloat, DType::kDouble, DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64,
        DType::kBool, DType::kComplex64, DType::kComplex128},
       prepare_as_string},
      {"Timestamp", "", DTypeSet::all(), prepare_timestamp},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
