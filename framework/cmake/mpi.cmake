# Data-parallel training over MPI: the library xgrad_mpi, xgrad::mpi to its users, from
# framework/xgrad/distributed. The rest of the project does not know it; without MPI it is left out.
set(MPI_CXX_SKIP_MPICXX ON)  # MPI's functions of C are all that is used
if(XGRAD_WITH_MPI STREQUAL "AUTO")
  find_package(MPI QUIET COMPONENTS CXX)
elseif(XGRAD_WITH_MPI)
  find_package(MPI REQUIRED COMPONENTS CXX)
endif()
if(NOT XGRAD_WITH_MPI OR NOT TARGET MPI::MPI_CXX)
  # Neither installed, nor among the headers to be checked.
  string(APPEND XGRAD_PRIVATE_HEADERS "|/distributed/")
  if(XGRAD_WITH_MPI)
    message(STATUS "No training over MPI: it is not installed (Debian: libopenmpi-dev)")
  endif()
  return()
endif()

file(GLOB XGRAD_MPI_SOURCES CONFIGURE_DEPENDS framework/xgrad/distributed/*.cpp)
add_library(xgrad_mpi STATIC ${XGRAD_MPI_SOURCES})
add_library(xgrad::mpi ALIAS xgrad_mpi)
set_target_properties(xgrad_mpi PROPERTIES POSITION_INDEPENDENT_CODE ON EXPORT_NAME mpi)
# This project's tools and tests are linked with the static library, whatever others are.
if(PROJECT_IS_TOP_LEVEL)
  target_link_libraries(xgrad_mpi PUBLIC xgrad)
else()
  target_link_libraries(xgrad_mpi PUBLIC xgrad::xgrad)
endif()
if(NOT XGRAD_INSTALL)
  set_target_properties(xgrad_mpi PROPERTIES EXCLUDE_FROM_ALL ON)
endif()
target_link_libraries(xgrad_mpi
  PRIVATE fmt::fmt OpenMP::OpenMP_CXX MPI::MPI_CXX $<BUILD_INTERFACE:xgrad_compile_options>)
