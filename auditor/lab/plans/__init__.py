"""A benchmark of plans: what a sequential one costs and misses beside an exhaustive one."""
