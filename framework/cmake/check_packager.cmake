# Read by cpack before it makes packages: without dpkg-shlibdeps they would lack what they depend on, with
# no more than a remark.
find_program(DPKG_SHLIBDEPS dpkg-shlibdeps)
if(CPACK_GENERATOR STREQUAL "DEB" AND NOT DPKG_SHLIBDEPS)
  message(FATAL_ERROR "Debian packages need dpkg-shlibdeps and file: apt install dpkg-dev file")
endif()
