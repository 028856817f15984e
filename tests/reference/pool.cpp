#include "reference.hpp"

namespace reference {

Table pool() { return {}; }

}  // namespace reference
