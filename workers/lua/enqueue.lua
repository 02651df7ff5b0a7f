-- Adds messages to a queue, and rings for it where it was empty: whoever is idle then has seen it empty.
-- KEYS: queue, messages, doorbell    ARGV: queue name, id, data, id, data, ...
local ids = {}
for number = 2, #ARGV, 2 do
    redis.call("HSET", KEYS[2], ARGV[number], ARGV[number + 1])
    ids[#ids + 1] = ARGV[number]
end
if redis.call("RPUSH", KEYS[1], unpack(ids)) == #ids then
    redis.call("PUBLISH", KEYS[3], ARGV[1])
end
