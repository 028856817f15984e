# Debian packages: "cpack -G DEB" in the build folder makes one for the command, one for the shared
# library and one for development, and two more for MPI. Which packages programs and the shared library
# need, dpkg-shlibdeps finds out.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME xgrad)
set(CPACK_PACKAGE_CONTACT "The xgrad authors <xgrad@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_PACKAGE_FILE_NAME xgrad)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL runtime development)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/framework/cmake/check_packager.cmake)
set(CPACK_DEBIAN_PACKAGE_SECTION libs)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libxgrad${XGRAD_SOVERSION})
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "The shared library.")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_GENERATE_SHLIBS ON)
# dpkg-shlibdeps is content with any OpenBLAS; the one with pthreads fights OpenMP for the cores.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_DEPENDS libopenblas0-openmp)

# Beside the shared library: what the headers include, and what the static library is linked with.
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libxgrad-dev)
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
    "Headers, static library, CMake package and pkg-config file.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(depends "libxgrad${XGRAD_SOVERSION} (= ${PROJECT_VERSION})" libxtensor-dev libspdlog-dev
    libfmt-dev libopenblas-openmp-dev zlib1g-dev)
if(XGRAD_WITH_ONEDNN)
  # Debian's CMake package of oneDNN asks for OpenCL.
  list(APPEND depends libdnnl-dev ocl-icd-opencl-dev)
endif()
list(JOIN depends ", " CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS)

# Training over MPI, for those who have MPI.
if(TARGET xgrad_mpi)
  list(APPEND CPACK_COMPONENTS_ALL mpi)
  set(CPACK_DEBIAN_MPI_PACKAGE_NAME libxgrad-mpi-dev)
  set(CPACK_COMPONENT_MPI_DESCRIPTION "Training by several processes over MPI: headers and static library.")
  set(CPACK_DEBIAN_MPI_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_MPI_PACKAGE_SHLIBDEPS OFF)
  set(CPACK_DEBIAN_MPI_PACKAGE_DEPENDS "libxgrad-dev (= ${PROJECT_VERSION}), libopenmpi-dev")
endif()
if(TARGET xgrad_mpi_command)
  list(APPEND CPACK_COMPONENTS_ALL mpi_command)
  set(CPACK_DEBIAN_MPI_COMMAND_PACKAGE_NAME xgrad-mpi)
  set(CPACK_COMPONENT_MPI_COMMAND_DESCRIPTION "What the xgrad command becomes under mpirun.")
  set(CPACK_DEBIAN_MPI_COMMAND_PACKAGE_DEPENDS "xgrad (= ${PROJECT_VERSION}), libopenblas0-openmp")
  set(CPACK_DEBIAN_MPI_COMMAND_PACKAGE_SECTION science)
  set(CPACK_DEBIAN_MPI_COMMAND_PACKAGE_RECOMMENDS openmpi-bin)
endif()
if(TARGET xgrad_command)
  list(APPEND CPACK_COMPONENTS_ALL command)
  set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME xgrad)
  set(CPACK_COMPONENT_COMMAND_DESCRIPTION
      "The xgrad command: trains small networks and checks gradients.")
  set(CPACK_DEBIAN_COMMAND_PACKAGE_DEPENDS libopenblas0-openmp)
  set(CPACK_DEBIAN_COMMAND_PACKAGE_SECTION science)
  set(CPACK_DEBIAN_COMMAND_PACKAGE_SUGGESTS dataset-fashion-mnist)
endif()
include(CPack)
