// Ids are types, so two cannot be swapped: UserId, ProjectId, JobId, AssetId, SessionId.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace core {

// 128 bits of RFC 9562, printed as 36 lower-case characters.
class Uuid {
 public:
  constexpr Uuid() = default;
  static Uuid random();   // version 4
  static Uuid ordered();  // version 7: sorts by time of creation
  // Only the canonical 8-4-4-4-12 form, any case.
  static std::optional<Uuid> parse(std::string_view text);

  std::string str() const;
  bool is_nil() const { return *this == Uuid{}; }
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  auto operator<=>(const Uuid&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

template <class Tag>
class Id {
 public:
  constexpr Id() = default;
  explicit constexpr Id(Uuid uuid) : uuid_(uuid) {}
  static Id ordered() { return Id{Uuid::ordered()}; }
  static Id random() { return Id{Uuid::random()}; }
  static std::optional<Id> parse(std::string_view text) {
    const auto uuid = Uuid::parse(text);
    return uuid ? std::optional<Id>{Id{*uuid}} : std::nullopt;
  }
  const Uuid& uuid() const { return uuid_; }
  std::string str() const { return uuid_.str(); }
  auto operator<=>(const Id&) const = default;

 private:
  Uuid uuid_;
};

using UserId = Id<struct UserTag>;
using SessionId = Id<struct SessionTag>;
using ProjectId = Id<struct ProjectTag>;
using JobId = Id<struct JobTag>;
using AssetId = Id<struct AssetTag>;

}  // namespace core

template <>
struct std::hash<core::Uuid> {
  std::size_t operator()(const core::Uuid& id) const noexcept {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(id.bytes().data()), 16});
  }
};
template <class Tag>
struct std::hash<core::Id<Tag>> {
  std::size_t operator()(const core::Id<Tag>& id) const noexcept { return std::hash<core::Uuid>{}(id.uuid()); }
};
