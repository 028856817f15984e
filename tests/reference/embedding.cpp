#include "reference.hpp"

namespace reference {

Table embedding() { return {}; }

}  // namespace reference
