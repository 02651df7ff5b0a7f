-- Puts messages that a worker holds back on their queue. Returns how many.
-- KEYS: queue, messages, held    ARGV: ids
local moved = 0
for _, id in ipairs(ARGV) do
    if redis.call("SREM", KEYS[3], id) == 1 and redis.call("HEXISTS", KEYS[2], id) == 1 then
        redis.call("RPUSH", KEYS[1], id)
        moved = moved + 1
    end
end
return moved
