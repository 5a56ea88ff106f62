# caudal._core: the Python extension. Sees libcaudal through its public headers only.
set(PYBIND11_FINDPYTHON ON)
find_package(pybind11 CONFIG REQUIRED)
file(GLOB _bindings CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/cpp/bindings/*.cpp")
if(_bindings)
  pybind11_add_module(_core MODULE NO_EXTRAS ${_bindings})
  target_link_libraries(_core PRIVATE caudal)
  target_compile_options(_core PRIVATE -Wall -Wextra -march=x86-64-v2 $<$<CONFIG:Release>:-O2>)
  if(CAUDAL_SANITIZE)
    target_compile_options(_core PRIVATE ${_sanitize})
    target_link_options(_core PRIVATE ${_sanitize})
  endif()
  set_target_properties(_core PROPERTIES
    LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}"
    INSTALL_RPATH "$ORIGIN")
  install(TARGETS _core LIBRARY DESTINATION "${CAUDAL_PYTHON_DIR}")
  if(SKBUILD AND NOT CAUDAL_SANITIZE AND NOT CMAKE_CROSSCOMPILING)
    # .pyi files for editors: many functions exist only as rows of the op registry.
    install(CODE "execute_process(
      COMMAND \"${Python_EXECUTABLE}\" \"${PROJECT_SOURCE_DIR}/cpp/bindings/write_stubs.py\"
        --package \"${PROJECT_SOURCE_DIR}/python/caudal\" --core \"$<TARGET_FILE:_core>\"
        --output \"\${CMAKE_INSTALL_PREFIX}/${CAUDAL_PYTHON_DIR}\"
      COMMAND_ERROR_IS_FATAL ANY)")
  endif()
endif()
