#include "instructions.hpp"

#include <ATen/Version.h>
#include <dlfcn.h>
#include <stdlib.h>

#include <algorithm>
#include <cctype>
#include <sstream>

namespace mb {

void* find_symbol_of_libtorch(const char* name) {
  void* const torch = dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_NOLOAD);
  void* const found = torch ? dlsym(torch, name) : nullptr;
  if (torch) dlclose(torch);
  return found;
}

namespace {

// The variables of the environment that choose instructions where a library does not report its choice.
constexpr const char* limiting_variables[] = {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS",
                                    "MKL_DEBUG_CPU_TYPE"};

// oneDNN's own name for the last instructions that it uses; empty where it is a part of libtorch that does not report it.
std::string describe_onednn() {
  const auto isa = reinterpret_cast<int (*)()>(find_symbol_of_libtorch("dnnl_get_effective_cpu_isa"));
  const auto name = reinterpret_cast<const char* (*)(int)>(find_symbol_of_libtorch("dnnl_cpu_isa2str"));
  if (!isa || !name) return "";
  const std::string full = name(isa()), prefix = "cpu_isa_";
  return full.rfind(prefix, 0) == 0 ? full.substr(prefix.size()) : full;
}

}  // namespace

std::string describe_instructions() {
  std::ostringstream text;
  const std::string config = at::show_config(), title = "CPU capability usage: ";
  const size_t found = config.find(title), begin = found + title.size();
  text << "ATen " << (found == std::string::npos ? "?" : config.substr(begin, config.find('\n', begin) - begin));
  const std::string onednn = describe_onednn();
  if (!onednn.empty()) text << ", oneDNN " << onednn;
  const auto core = reinterpret_cast<const char* (*)()>(find_symbol_of_libtorch("openblas_get_corename"));
  if (core) text << ", OpenBLAS " << core();
  for (const char* const variable : limiting_variables) {
    const char* const value = getenv(variable);
    if (value && *value) text << ", " << variable << "=" << value;
  }
  std::string written = text.str();
  for (char& c : written) {
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ') c = '?';  // it becomes part of a text in JSON
  }
  return written;
}

bool has_bfloat16() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx512bf16")) return false;
  std::string limit = describe_onednn();
  for (const char* const variable : {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"}) {
    if (limit.empty() && getenv(variable)) limit = getenv(variable);
  }
  std::transform(limit.begin(), limit.end(), limit.begin(), [](unsigned char c) { return std::tolower(c); });
  if (limit.empty() || limit == "all" || limit == "default") return true;
  for (const char* const part : {"bf16", "fp16", "amx", "avx10"}) {
    if (limit.find(part) != std::string::npos) return true;
  }
  return false;
#else
  return false;
#endif
}

}  // namespace mb
