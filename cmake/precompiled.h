// The headers that nearly every file includes, compiled once for the presets of development and sanitizers. Release has no
// precompiled header: each file must include what it uses.
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
