add_library(smol_options INTERFACE)
target_compile_options(smol_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Werror=switch)
if(SMOL_WERROR)
  target_compile_options(smol_options INTERFACE -Werror)
endif()
if(SMOL_SANITIZE)
  target_compile_options(smol_options INTERFACE
    -fsanitize=${SMOL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(smol_options INTERFACE -fsanitize=${SMOL_SANITIZE})
endif()
if(SMOL_FUZZ)
  target_compile_options(smol_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(SMOL_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Asio has fences, which g++'s thread sanitizer does not see; nothing of ours has any.
  target_compile_options(smol_options INTERFACE -Wno-tsan)
endif()
