-- Takes a message that must not run out of its queue and keeps `entry`, its record, for the operator.
-- KEYS: messages, held, starts, quarantine    ARGV: id, entry, limit
if redis.call("SREM", KEYS[2], ARGV[1]) == 0 then
    return
end
redis.call("HDEL", KEYS[1], ARGV[1])
redis.call("HDEL", KEYS[3], ARGV[1])
redis.call("LPUSH", KEYS[4], ARGV[2])
redis.call("LTRIM", KEYS[4], 0, ARGV[3] - 1)
