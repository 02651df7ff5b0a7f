-- Hold one more of something, unless there is no room among those who hold it.
--
-- KEYS  1 who holds: sorted set id -> until when (ms)
-- ARGV  1 id  2 how many may be held  3 ms after which who does not say so again holds no longer
-- Returns how many others hold one; the id does as well, if they are fewer than may.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local others = redis.call('ZCARD', KEYS[1])
if others < tonumber(ARGV[2]) then
  redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return others
