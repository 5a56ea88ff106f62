# oneDNN and OpenBLAS: from the build environment's PyPI packages, or the system's.
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(Threads REQUIRED)
if(CAUDAL_PYTHON)
  find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
else()
  find_package(Python QUIET COMPONENTS Interpreter)
endif()

find_package(dnnl CONFIG QUIET HINTS "${CAUDAL_ONEDNN_DIR}")
if(NOT dnnl_FOUND)
  if(Python_FOUND)
    # onednn-devel-cpu-gomp installs below sys.prefix.
    execute_process(
      COMMAND "${Python_EXECUTABLE}" -c "import sys; print(sys.prefix)"
      OUTPUT_VARIABLE _prefix OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    find_package(dnnl CONFIG REQUIRED HINTS "${_prefix}")
  endif()
endif()

if(Python_FOUND)
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c
            "import scipy_openblas32 as s; print(s.get_include_dir(), s.get_lib_dir(), s.get_library(), sep=';')"
    OUTPUT_VARIABLE _openblas OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE _status)
endif()
add_library(caudal_blas INTERFACE)
if(_status EQUAL 0)
  list(GET _openblas 0 _inc)
  list(GET _openblas 1 _lib)
  list(GET _openblas 2 _name)
  find_library(CAUDAL_OPENBLAS_LIBRARY NAMES ${_name} PATHS "${_lib}" NO_DEFAULT_PATH REQUIRED)
  target_include_directories(caudal_blas INTERFACE "${_inc}")
  # Not linked: it is loaded when first needed, from the folder of libcaudal or the build's rpath.
  get_filename_component(_file "${CAUDAL_OPENBLAS_LIBRARY}" NAME)
  target_compile_definitions(caudal_blas INTERFACE
    CAUDAL_BLAS_PREFIX=scipy_ CAUDAL_BLAS_LIBRARY="${_file}")
  set(CAUDAL_BLAS_RPATH "${_lib}")
else()
  find_package(BLAS REQUIRED)
  target_link_libraries(caudal_blas INTERFACE BLAS::BLAS)
  target_compile_definitions(caudal_blas INTERFACE CAUDAL_BLAS_PREFIX=)
endif()
