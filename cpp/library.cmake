# libcaudal: the engine as one shared library.
#
# The CPU kernels are compiled once for every x86-64 level in CAUDAL_ISAS and chosen at load; all
# other code is compiled for x86-64-v2. Baseline objects come first on the link line: where the
# linker merges inline functions it keeps the first copy, which must run on every machine.
set(_src "${PROJECT_SOURCE_DIR}/cpp/src")
file(GLOB_RECURSE _all CONFIGURE_DEPENDS "${_src}/*.cpp")
set(_kernels ${_all})
list(FILTER _kernels INCLUDE REGEX "/kernels/cpu/")
list(FILTER _kernels EXCLUDE REGEX "/kernels/cpu/(.*/)?(onednn_|blas_)[^/]*$|/kernels/cpu/portable/|/kernels/cpu/dispatch\\.cpp$")
set(_base ${_all})
list(FILTER _base EXCLUDE REGEX "/kernels/cuda/")
if(_kernels)
  list(REMOVE_ITEM _base ${_kernels})
endif()

add_library(caudal_options INTERFACE)
target_compile_features(caudal_options INTERFACE cxx_std_20)
# No -ffast-math: NaN and infinity keep their meaning. These two only drop errno and FP traps, which
# lets the compiler vectorise calls into libmvec.
target_compile_options(caudal_options INTERFACE
  -Wall -Wextra -Wno-unused-parameter -fopenmp-simd -fno-math-errno -fno-trapping-math)
target_include_directories(caudal_options INTERFACE
  "${PROJECT_SOURCE_DIR}/cpp/include" "${_src}")
target_link_libraries(caudal_options INTERFACE OpenMP::OpenMP_CXX Threads::Threads)
if(CAUDAL_SANITIZE)
  set(_sanitize -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_compile_options(caudal_options INTERFACE ${_sanitize})
  target_link_options(caudal_options INTERFACE ${_sanitize})
endif()

add_library(caudal_base OBJECT ${_base})
target_link_libraries(caudal_base PRIVATE caudal_options DNNL::dnnl caudal_blas)
target_compile_options(caudal_base PRIVATE -march=x86-64-v2)
set(_objects $<TARGET_OBJECTS:caudal_base>)

foreach(_level v2 v3 v4)
  if(NOT _level IN_LIST CAUDAL_ISAS)
    continue()
  endif()
  target_compile_definitions(caudal_base PRIVATE CAUDAL_HAVE_${_level})
  if(NOT _kernels)
    continue()
  endif()
  add_library(caudal_${_level} OBJECT ${_kernels})
  target_link_libraries(caudal_${_level} PRIVATE caudal_options)
  target_compile_definitions(caudal_${_level} PRIVATE CAUDAL_ISA=${_level})
  target_compile_options(caudal_${_level} PRIVATE -march=x86-64-${_level})
  if(_level STREQUAL "v4")
    target_compile_options(caudal_${_level} PRIVATE -mprefer-vector-width=512)
  endif()
  list(APPEND _objects $<TARGET_OBJECTS:caudal_${_level}>)
endforeach()

add_library(caudal SHARED ${_objects})
add_library(caudal::caudal ALIAS caudal)
set_target_properties(caudal PROPERTIES
  LINKER_LANGUAGE CXX
  EXPORT_NAME caudal
  BUILD_RPATH "${CAUDAL_BLAS_RPATH}"
  LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
target_compile_features(caudal INTERFACE cxx_std_20)
target_include_directories(caudal INTERFACE
  "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/cpp/include>"
  "$<INSTALL_INTERFACE:${CAUDAL_INSTALL_INCLUDE}>")
# By file and not by target: users of the installed package need not find oneDNN.
target_link_libraries(caudal PRIVATE caudal_options $<TARGET_FILE:DNNL::dnnl> caudal_blas mvec m)
