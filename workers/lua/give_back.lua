-- Puts a message that was begun and not done back, first in its queue, and takes its start back: nobody is to blame.
-- KEYS: queue, messages, held, starts, doorbell    ARGV: id, queue name
if redis.call("SREM", KEYS[3], ARGV[1]) == 1 and redis.call("HEXISTS", KEYS[2], ARGV[1]) == 1 then
    redis.call("HINCRBY", KEYS[4], ARGV[1], -1)
    redis.call("LPUSH", KEYS[1], ARGV[1])
    redis.call("PUBLISH", KEYS[5], ARGV[2])
end
