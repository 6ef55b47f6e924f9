# libnftnl as the target Nftnl::nftnl. Its packages bring no CMake files, so these are installed
# with ours.
find_path(Nftnl_INCLUDE_DIR libnftnl/rule.h)
find_library(Nftnl_LIBRARY nftnl)
mark_as_advanced(Nftnl_INCLUDE_DIR Nftnl_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Nftnl REQUIRED_VARS Nftnl_LIBRARY Nftnl_INCLUDE_DIR)

if(Nftnl_FOUND AND NOT TARGET Nftnl::nftnl)
  add_library(Nftnl::nftnl UNKNOWN IMPORTED)
  set_target_properties(Nftnl::nftnl PROPERTIES
    IMPORTED_LOCATION ${Nftnl_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${Nftnl_INCLUDE_DIR})
endif()
