# What `cmake --install` and the wheel contain.
#
# Prefix: lib/libcaudal.so, include/caudal, lib/cmake/caudal. Wheel: the same below caudal/, next to
# the extension. The third-party libraries stand beside libcaudal under their sonames, once each.
include(CMakePackageConfigHelpers)

set_target_properties(caudal PROPERTIES INSTALL_RPATH "$ORIGIN")
install(TARGETS caudal EXPORT caudalTargets LIBRARY DESTINATION "${CAUDAL_INSTALL_LIB}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/cpp/include/caudal" DESTINATION "${CAUDAL_INSTALL_INCLUDE}"
  FILES_MATCHING PATTERN "*.h")
install(EXPORT caudalTargets NAMESPACE caudal:: DESTINATION "${CAUDAL_INSTALL_CMAKE}")
file(WRITE "${PROJECT_BINARY_DIR}/caudalConfig.cmake"
  "include(\"\${CMAKE_CURRENT_LIST_DIR}/caudalTargets.cmake\")\n")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/caudalConfigVersion.cmake"
  VERSION "${PROJECT_VERSION}" COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/caudalConfig.cmake" "${PROJECT_BINARY_DIR}/caudalConfigVersion.cmake"
  DESTINATION "${CAUDAL_INSTALL_CMAKE}")

# Copies a shared library under its soname: wheels have no symlinks.
function(caudal_bundle path)
  get_filename_component(_real "${path}" REALPATH)
  execute_process(COMMAND "${CMAKE_READELF}" -d "${_real}" OUTPUT_VARIABLE _dynamic
    RESULT_VARIABLE _status)
  if(NOT _status EQUAL 0 OR NOT _dynamic MATCHES "\\(SONAME\\)[^\\[]*\\[([^]]+)\\]")
    message(FATAL_ERROR "no soname in ${_real}")
  endif()
  set(_soname "${CMAKE_MATCH_1}")
  install(PROGRAMS "${_real}" DESTINATION "${CAUDAL_INSTALL_LIB}" RENAME "${_soname}")
  if(CMAKE_STRIP)
    install(CODE "execute_process(COMMAND \"${CMAKE_STRIP}\" --strip-unneeded
      \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CAUDAL_INSTALL_LIB}/${_soname}\")")
  endif()
endfunction()

if(CAUDAL_BUNDLE)
  get_target_property(_dnnl DNNL::dnnl IMPORTED_LOCATION_RELEASE)
  if(NOT _dnnl)
    get_target_property(_dnnl DNNL::dnnl LOCATION)
  endif()
  caudal_bundle("${_dnnl}")
  if(CAUDAL_OPENBLAS_LIBRARY)
    caudal_bundle("${CAUDAL_OPENBLAS_LIBRARY}")
  endif()
endif()
if(SKBUILD AND NOT CAUDAL_SANITIZE)
  # The licences of what is bundled come along.
  execute_process(
    COMMAND "${Python3_EXECUTABLE}" -c "
import importlib.metadata as m
for d in ('onednn-cpu-gomp', 'scipy-openblas32'):
    for f in m.files(d):
        if f.name.startswith('LICENSE'):
            print(d, f.locate(), sep='=', end=';')
"
    OUTPUT_VARIABLE _licences OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  foreach(_pair IN LISTS _licences)
    if(_pair MATCHES "^([^=]+)=(.+)$")
      install(FILES "${CMAKE_MATCH_2}" DESTINATION caudal/licenses RENAME "${CMAKE_MATCH_1}.txt")
    endif()
  endforeach()
  # The wheel runs on machines without a compiler, hence without libgomp.
  execute_process(COMMAND "${CMAKE_CXX_COMPILER}" -print-file-name=libgomp.so.1
    OUTPUT_VARIABLE _gomp OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(IS_ABSOLUTE "${_gomp}")
    caudal_bundle("${_gomp}")
  endif()
endif()
