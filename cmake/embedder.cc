// embedder ROOT LIST OUT: writes OUT.S (the bytes, by .incbin) and OUT.cc (the table that core/resources.h reads).
#include <brotli/encode.h>
#include <openssl/sha.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace {
std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary);
  out << bytes;
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

std::string gzip(const std::string& in) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) throw std::runtime_error("zlib");
  std::string out(deflateBound(&stream, in.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("zlib");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string brotli(const std::string& in) {
  std::size_t size = BrotliEncoderMaxCompressedSize(in.size());
  std::string out(size, '\0');
  if (!BrotliEncoderCompress(11, 22, BROTLI_MODE_TEXT, in.size(), reinterpret_cast<const std::uint8_t*>(in.data()),
                             &size, reinterpret_cast<std::uint8_t*>(out.data())))
    throw std::runtime_error("brotli");
  out.resize(size);
  return out;
}

std::string hash(const std::string& in) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(in.data()), in.size(), digest);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (int i = 0; i < 6; ++i) {
    out += kHex[digest[i] >> 4];
    out += kHex[digest[i] & 15];
  }
  return out;
}

bool compressible(const std::string& path) {
  if (!path.starts_with("public/")) return false;
  for (const char* end : {".css", ".js", ".svg", ".txt", ".json", ".webmanifest"})
    if (path.ends_with(end)) return true;
  return false;
}
}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) return 2;
  const std::filesystem::path root = argv[1];
  const std::string out = argv[3];
  std::filesystem::create_directories(out + ".d");
  std::ostringstream assembly;
  std::ostringstream table;
  assembly << ".section .rodata\n";
  int n = 0;
  const auto blob = [&](const std::filesystem::path& file) {
    assembly << ".balign 16\n.global tenon_blob_" << n << "\ntenon_blob_" << n << ":\n.incbin \"" << file.string()
             << "\"\n.byte 0\n";
    return n++;
  };
  std::ostringstream externs;
  std::ifstream list(argv[2]);
  for (std::string path; std::getline(list, path);) {
    if (path.empty()) continue;
    const std::string bytes = read(root / path);
    const auto view = [&](int id, std::size_t size) {
      externs << "extern \"C\" const char tenon_blob_" << id << "[];\n";
      return "{tenon_blob_" + std::to_string(id) + ", " + std::to_string(size) + "}";
    };
    const auto packed = [&](const std::string& data, const char* end) -> std::string {
      if (data.size() + 64 >= bytes.size()) return "{}";
      const std::string file = out + ".d/" + std::to_string(n) + end;
      write(file, data);
      return view(blob(file), data.size());
    };
    const std::string plain = view(blob(root / path), bytes.size());
    const std::string gz = compressible(path) ? packed(gzip(bytes), ".gz") : "{}";
    const std::string br = compressible(path) ? packed(brotli(bytes), ".br") : "{}";
    table << "  {\"" << path << "\", " << plain << ", " << gz << ", " << br << ", \"" << hash(bytes) << "\"},\n";
  }
  assembly << ".section .note.GNU-stack,\"\",@progbits\n";
  write(out + ".S", assembly.str());
  write(out + ".cc",
        "#include \"core/resources.h\"\n\n" + externs.str() +
            "\nnamespace core {\nnamespace {\nconst Resource kFiles[] = {\n" + table.str() +
            "};\n}  // namespace\nstd::span<const Resource> embedded() { return kFiles; }\n}  // namespace core\n");
  return 0;
} catch (const std::exception& e) {
  std::cerr << "embedder: " << e.what() << '\n';
  return 1;
}
