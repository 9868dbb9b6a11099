// A provider's tokens between its callback and the exchange of the auth code: encrypted with a key derived from the
// code, which only the client holds.
#pragma once

#include <string>
#include <string_view>

namespace identity {

std::string encrypt_for_code(std::string_view token, std::string_view code);  // empty stays empty
// Empty when there is nothing to decrypt, or it was encrypted for another code.
std::string decrypt_with_code(std::string_view encrypted, std::string_view code);

}  // namespace identity
