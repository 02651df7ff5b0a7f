-- Removes a message whose work is done, whoever holds it by now: a second run would only repeat it.
-- KEYS: messages, held, starts    ARGV: id
redis.call("SREM", KEYS[2], ARGV[1])
redis.call("HDEL", KEYS[1], ARGV[1])
redis.call("HDEL", KEYS[3], ARGV[1])
