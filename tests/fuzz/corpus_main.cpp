// Runs a fuzz target over kept inputs, for builds without libFuzzer: files, or whole folders.

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

void run_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> chars{std::istreambuf_iterator<char>(file), {}};
  const std::vector<std::uint8_t> input(chars.begin(), chars.end());
  std::cerr << path.string() << '\n';
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

std::size_t run(const fs::path& path) {
  if (!fs::is_directory(path)) return run_file(path), 1;
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(path)) files += run(entry.path());
  return files;
}

}  // namespace

int main(int count, char** arguments) {
  std::size_t files = 0;
  for (int i = 1; i < count; ++i) files += run(arguments[i]);
  std::cerr << files << " inputs\n";
  return files == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
