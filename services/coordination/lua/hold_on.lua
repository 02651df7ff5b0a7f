-- Say again who holds something; a Redis that has forgotten it is told anew.
--
-- KEYS  as of hold.lua, one for each id
-- ARGV  1 ms after which who does not say so again holds no longer  2.. the ids
local time = redis.call('TIME')
local till = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, till, ARGV[i + 1])
  redis.call('PEXPIRE', key, ARGV[1])
end
