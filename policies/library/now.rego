# METADATA
# title: Dutyward's library
# description: What access policies keep needing, linear in the size of the account.
package dutyward

# METADATA
# title: The time of this evaluation
# description: >-
#   Nanoseconds since 1970, like time.now_ns(), but of input.now: the same in a
#   replay as it was then. In access rules, prefer a grant's from and until.
now := time.parse_rfc3339_ns(input.now)
