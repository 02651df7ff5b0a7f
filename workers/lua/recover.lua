-- Beats for a worker, takes one queue's messages back from workers that stopped beating, and forgets old dead letters.
-- A dead worker leaves the heartbeats once no queue has anything left of it.
-- KEYS: heartbeats, queue, messages, dead, dead messages, doorbell
-- ARGV: worker, queue name, prefix of held keys, prefix of workers' queues keys, heartbeat timeout ms, dead letter life ms
-- Returns how many messages came back.
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call("ZADD", KEYS[1], now, ARGV[1])

local recovered = 0
for _, worker in ipairs(redis.call("ZRANGEBYSCORE", KEYS[1], "-inf", now - ARGV[5])) do
    local held, queues = ARGV[3] .. worker .. "." .. ARGV[2], ARGV[4] .. worker
    for _, id in ipairs(redis.call("SMEMBERS", held)) do
        if redis.call("HEXISTS", KEYS[3], id) == 1 then
            redis.call("RPUSH", KEYS[2], id)
            recovered = recovered + 1
        end
    end
    redis.call("DEL", held)
    redis.call("SREM", queues, ARGV[2])
    if redis.call("EXISTS", queues) == 0 then
        redis.call("ZREM", KEYS[1], worker)
    end
end
if recovered > 0 then
    redis.call("PUBLISH", KEYS[6], ARGV[2])
end

for _, id in ipairs(redis.call("ZRANGEBYSCORE", KEYS[4], "-inf", now - ARGV[6], "LIMIT", 0, 500)) do
    redis.call("ZREM", KEYS[4], id)
    redis.call("HDEL", KEYS[5], id)
end
return recovered
