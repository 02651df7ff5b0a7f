-- Hands up to `count` messages to a worker and notes that it holds them.
-- KEYS: heartbeats, queue, messages, held, worker's queues    ARGV: worker, queue name, count
-- Returns {id, data, id, data, ...}. An id without data was settled meanwhile and is dropped.
local time = redis.call("TIME")
redis.call("ZADD", KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
local ids = redis.call("LPOP", KEYS[2], ARGV[3])
if not ids then
    return {}
end
local found = {}
for _, id in ipairs(ids) do
    local data = redis.call("HGET", KEYS[3], id)
    if data then
        redis.call("SADD", KEYS[4], id)
        found[#found + 1] = id
        found[#found + 1] = data
    end
end
if #found > 0 then
    redis.call("SADD", KEYS[5], ARGV[2])
end
return found
