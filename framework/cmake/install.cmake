# Where everything goes: library and headers (component development, the shared library itself in
# runtime), CMake package and pkg-config file; the command with its pages in tools/CMakeLists.txt.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(XGRAD_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/xgrad)

# Each kind has a file of its own, and in it the name xgrad::xgrad: xgradConfig.cmake includes one.
set_target_properties(xgrad xgrad_shared PROPERTIES EXPORT_NAME xgrad)
install(TARGETS xgrad EXPORT xgrad_static
  ARCHIVE COMPONENT development
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS xgrad_shared EXPORT xgrad_shared
  LIBRARY COMPONENT runtime NAMELINK_COMPONENT development
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
foreach(kind static shared)
  install(EXPORT xgrad_${kind} NAMESPACE xgrad:: FILE xgrad-${kind}.cmake
    DESTINATION ${XGRAD_CMAKE_DIR} COMPONENT development)
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/framework/xgrad
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
  FILES_MATCHING PATTERN *.hpp
  REGEX "/kernels$|/distributed$|${XGRAD_PRIVATE_HEADERS}" EXCLUDE)

# Training over MPI goes with either kind, and has a component of its own: who develops with xgrad need
# not have MPI.
if(TARGET xgrad_mpi)
  install(TARGETS xgrad_mpi EXPORT xgrad_mpi
    ARCHIVE COMPONENT mpi
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT xgrad_mpi NAMESPACE xgrad:: FILE xgrad-mpi.cmake
    DESTINATION ${XGRAD_CMAKE_DIR} COMPONENT mpi)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/framework/xgrad/distributed
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/xgrad COMPONENT mpi
    FILES_MATCHING PATTERN *.hpp)
endif()

if(BUILD_SHARED_LIBS)
  set(XGRAD_DEFAULT_KIND shared)
else()
  set(XGRAD_DEFAULT_KIND static)
endif()
configure_package_config_file(
  framework/cmake/xgradConfig.cmake.in ${PROJECT_BINARY_DIR}/xgradConfig.cmake
  INSTALL_DESTINATION ${XGRAD_CMAKE_DIR})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/xgradConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/xgradConfig.cmake ${PROJECT_BINARY_DIR}/xgradConfigVersion.cmake
  DESTINATION ${XGRAD_CMAKE_DIR} COMPONENT development)

# pkg-config's names for what the static library needs besides the packages that it requires.
set(XGRAD_PRIVATE_LIBRARIES ${OpenMP_CXX_FLAGS})
foreach(library IN LISTS BLAS_LIBRARIES)
  cmake_path(GET library STEM LAST_ONLY name)
  string(REGEX REPLACE "^lib" "-l" name ${name})
  string(APPEND XGRAD_PRIVATE_LIBRARIES " ${name}")
endforeach()
if(XGRAD_WITH_ONEDNN)
  string(APPEND XGRAD_PRIVATE_LIBRARIES " -ldnnl")
endif()
# The prefix is told from where the file lies, so that an installed tree can be moved.
file(RELATIVE_PATH XGRAD_PREFIX_FROM_PKGCONFIG
  /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(framework/cmake/xgrad.pc.in ${PROJECT_BINARY_DIR}/xgrad.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/xgrad.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
