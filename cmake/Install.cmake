# cmake --install BUILD --prefix DIR: the program, the headers, a library per room, and the CMake
# package that find_package(smolstack) finds. Its targets are smolstack::stack and the other rooms.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/smolstack)

if(TARGET smolstack)
  install(TARGETS smolstack RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  # `hopon NODE` is `smolstack hop NODE`.
  install(CODE "file(CREATE_LINK smolstack
                \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/hopon\" SYMBOLIC)")
endif()
install(DIRECTORY include/smolstack DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(room_targets ${SMOL_ROOMS})
list(TRANSFORM room_targets PREPEND smolstack_)
install(TARGETS ${room_targets} EXPORT smolstackTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT smolstackTargets NAMESPACE smolstack:: DESTINATION ${package_dir})

configure_package_config_file(cmake/smolstackConfig.cmake.in smolstackConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(smolstackConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/smolstackConfig.cmake
              ${PROJECT_BINARY_DIR}/smolstackConfigVersion.cmake
              cmake/FindMnl.cmake
              cmake/FindNftnl.cmake
              cmake/FindUring.cmake
        DESTINATION ${package_dir})
