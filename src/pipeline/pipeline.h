// YOUR BUSINESS: replace this folder; nothing else has to change (docs/swap-the-pipeline.md).
#pragma once

#include "jobs/product.h"

namespace pipeline {

jobs::Product product();

}  // namespace pipeline
