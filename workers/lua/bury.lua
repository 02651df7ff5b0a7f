-- Moves a message that failed for good to the dead letters, the oldest making room.
-- KEYS: messages, held, starts, dead, dead messages    ARGV: id, data (the message with its last error), limit
if redis.call("SREM", KEYS[2], ARGV[1]) == 0 then
    return
end
redis.call("HDEL", KEYS[1], ARGV[1])
redis.call("HDEL", KEYS[3], ARGV[1])
local time = redis.call("TIME")
redis.call("ZADD", KEYS[4], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
redis.call("HSET", KEYS[5], ARGV[1], ARGV[2])
for _, oldest in ipairs(redis.call("ZRANGE", KEYS[4], 0, -(ARGV[3] + 1))) do
    redis.call("ZREM", KEYS[4], oldest)
    redis.call("HDEL", KEYS[5], oldest)
end
