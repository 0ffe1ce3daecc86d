"""Assets, one module a stretch of the path: feeds, ledger, marts, planning, publish, exports.

Belongs here: keys, groups, what rests on what, and the call that makes it. Does not belong here: when it is made (`jobs`,
`schedules`, `sensors`).
"""
