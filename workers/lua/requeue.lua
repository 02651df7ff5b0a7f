-- Puts messages that a worker holds back on their queue. Returns how many.
-- KEYS: queue, messages, held, doorbell    ARGV: queue name, ids
local moved = 0
for number = 2, #ARGV do
    local id = ARGV[number]
    if redis.call("SREM", KEYS[3], id) == 1 and redis.call("HEXISTS", KEYS[2], id) == 1 then
        redis.call("RPUSH", KEYS[1], id)
        moved = moved + 1
    end
end
if moved > 0 then
    redis.call("PUBLISH", KEYS[4], ARGV[1])
end
return moved
