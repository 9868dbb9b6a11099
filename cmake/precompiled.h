// What nearly every file includes, compiled once for presets that people and sanitizers build (not for release, whose files must
// each include what they use).
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <coroutine>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "core/json.h"
#include "core/log.h"
#include "core/loop.h"
#include "core/task.h"
#include "http/router.h"
#include "pg/pg.h"
