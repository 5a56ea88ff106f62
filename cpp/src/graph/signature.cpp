// SPDX-License-Identifier: Apache-2.0
// Parses the signature string of an OpRow into an OpDef.
#include <charconv>

#include "caudal/error.h"
#include "caudal/op_def.h"

namespace caudal {
namespace {

/// A cursor over one signature; every mistake names the op and the position.
class Parser {
 public:
  Parser(std::string_view op, std::string_view text) : op_(op), text_(text) {}

  void parse(OpDef& def) {
    parse_args(def.inputs, "->");
    expect("->");
    parse_args(def.outputs, ";");
    while (take(";")) {
      skip_space();
      if (!at_end()) def.attrs.push_back(parse_attr());
    }
    if (!at_end()) wrong("unexpected text");
    for (const auto* args : {&def.inputs, &def.outputs}) {
      for (const ArgDef& arg : *args) {
        for (const std::string& name : {arg.type_attr, arg.type_list_attr, arg.number_attr}) {
          if (!name.empty() && def.attr(name) == nullptr) {
            wrong(str("argument ", arg.name, " refers to an unknown attr ", name));
          }
        }
      }
    }
  }

 private:
  [[noreturn]] void wrong(const std::string& what) const {
    invalid("signature of ", op_, ", position ", pos_, ": ", what, " in \"", text_, "\"");
  }
  bool at_end() const { return pos_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[pos_]; }
  void skip_space() {
    while (peek() == ' ') ++pos_;
  }
  bool take(std::string_view token) {
    skip_space();
    if (text_.substr(pos_, token.size()) != token) return false;
    pos_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!take(token)) wrong(str("expected '", token, "'"));
  }
  std::string identifier() {
    skip_space();
    const std::size_t begin = pos_;
    while (std::isalnum(static_cast<unsigned char>(peek())) || peek() == '_') ++pos_;
    if (begin == pos_) wrong("expected a name");
    return std::string(text_.substr(begin, pos_ - begin));
  }

  void parse_args(std::vector<ArgDef>& args, std::string_view end) {
    skip_space();
    if (text_.substr(pos_, 2) != "->" && take("-")) {
      skip_space();
      return;
    }
    for (skip_space(); !at_end() && text_.substr(pos_, end.size()) != end; skip_space()) {
      args.push_back(parse_arg());
    }
  }

  ArgDef parse_arg() {
    ArgDef arg;
    arg.name = identifier();
    expect(":");
    if (take("[")) {
      arg.type_list_attr = identifier();
      expect("]");
      return arg;
    }
    arg.is_ref = take("Ref(");
    std::string word = identifier();
    if (take("*")) {
      arg.number_attr = word;
      if (take("Ref(")) arg.is_ref = true;
      word = identifier();
    }
    if (arg.is_ref) expect(")");
    arg.type = dtype_from_name(word);
    if (arg.type == DType::kInvalid) arg.type_attr = word;
    return arg;
  }

  AttrDef parse_attr() {
    AttrDef attr;
    attr.name = identifier();
    expect(":");
    attr.type = peek() == '{' ? "type" : identifier();
    if (attr.type == "list") {
      expect("(");
      attr.type = str("list(", identifier(), ")");
      expect(")");
    }
    if (take("{")) {
      if (attr.type == "type" || attr.type == "list(type)") {
        attr.allowed_types = DTypeSet();
        do {
          attr.allowed_types.insert(dtype(identifier()));
        } while (take(","));
      } else {
        do {
          attr.allowed_strings.push_back(quoted());
        } while (take(","));
      }
      expect("}");
    }
    if (take(">=")) attr.minimum = integer();
    if (take("=")) attr.default_value = value(attr.type);
    return attr;
  }

  DType dtype(const std::string& name) const {
    const DType t = dtype_from_name(name);
    if (t == DType::kInvalid) wrong(str("unknown dtype ", name));
    return t;
  }

  std::string quoted() {
    expect("'");
    std::string out;
    while (!at_end() && peek() != '\'') {
      if (peek() == '\\' && pos_ + 1 < text_.size()) {
        const char c = text_[++pos_];
        out += c == 't' ? '\t' : c == 'n' ? '\n' : c;
      } else {
        out += peek();
      }
      ++pos_;
    }
    expect("'");
    return out;
  }

  std::int64_t integer() {
    skip_space();
    std::int64_t v = 0;
    const auto r = std::from_chars(text_.data() + pos_, text_.data() + text_.size(), v);
    if (r.ec != std::errc()) wrong("expected an integer");
    pos_ = std::size_t(r.ptr - text_.data());
    return v;
  }

  float number() {
    skip_space();
    float v = 0;
    const auto r = std::from_chars(text_.data() + pos_, text_.data() + text_.size(), v);
    if (r.ec != std::errc()) wrong("expected a number");
    pos_ = std::size_t(r.ptr - text_.data());
    return v;
  }

  template <class T, class Read>
  std::vector<T> list(Read read) {
    std::vector<T> out;
    expect("[");
    if (take("]")) return out;
    do {
      out.push_back(read());
    } while (take(","));
    expect("]");
    return out;
  }

  AttrValue value(const std::string& type) {
    if (type == "int") return integer();
    if (type == "float") return number();
    if (type == "bool") {
      if (take("true")) return true;
      expect("false");
      return false;
    }
    if (type == "string") return quoted();
    if (type == "type") return dtype(identifier());
    if (type == "shape") {
      if (take("unknown")) return PartialShape::unknown();
      return PartialShape(list<std::int64_t>([this] { return integer(); }));
    }
    if (type == "list(int)") return list<std::int64_t>([this] { return integer(); });
    if (type == "list(float)") return list<float>([this] { return number(); });
    if (type == "list(string)") return list<std::string>([this] { return quoted(); });
    if (type == "list(type)") return list<DType>([this] { return dtype(identifier()); });
    if (type == "list(shape)") {
      expect("[");
      expect("]");
      return std::vector<PartialShape>();
    }
    if (type == "tensor") {  // vectors of bytes
      expect("tensor(uint8,");
      const auto bytes =
          list<std::uint8_t>([this] { return static_cast<std::uint8_t>(integer()); });
      expect(")");
      return Tensor::vector(bytes);
    }
    wrong(str("no default can be written for attrs of type ", type));
  }

  std::string_view op_;
  std::string_view text_;
  std::size_t pos_ = 0;
};

}  // namespace

const AttrDef* OpDef::attr(std::string_view wanted) const {
  for (const AttrDef& a : attrs) {
    if (a.name == wanted) return &a;
  }
  return nullptr;
}

OpDef parse_op_row(const OpRow& row) {
  OpDef def;
  def.name = row.name;
  def.signature = row.signature;
  def.shape = row.shape;
  def.gradient = row.gradient;
  def.traits = row.traits;
  Parser(row.name, row.signature).parse(def);
  return def;
}

}  // namespace caudal
