# lwIP as the target Lwip::lwip, from Debian's liblwip-dev. For the benchmarks only.
find_path(Lwip_INCLUDE_DIR lwip/init.h PATH_SUFFIXES lwip)
find_library(Lwip_LIBRARY lwip)
mark_as_advanced(Lwip_INCLUDE_DIR Lwip_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Lwip REQUIRED_VARS Lwip_LIBRARY Lwip_INCLUDE_DIR)

if(Lwip_FOUND AND NOT TARGET Lwip::lwip)
  add_library(Lwip::lwip UNKNOWN IMPORTED)
  set_target_properties(Lwip::lwip PROPERTIES
    IMPORTED_LOCATION ${Lwip_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${Lwip_INCLUDE_DIR})
endif()
