-- Pause a market, or prolong its pause. Nobody shortens one.
--
-- KEYS  1 pause: hash until (us), reason    2 strikes
-- ARGV  1 ms (-1: back off exponentially)  2 reason  3 first back-off (ms)  4 longest (ms)  5 ms until strikes are forgotten
-- Returns the ms that are left.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local stored = tonumber(redis.call('HGET', KEYS[1], 'until') or '0')
local ms = tonumber(ARGV[1])
if ms < 0 then
  -- Requests that were under way together fail together: one strike.
  if stored <= now then
    redis.call('INCR', KEYS[2])
    redis.call('PEXPIRE', KEYS[2], ARGV[5])
  end
  local strikes = tonumber(redis.call('GET', KEYS[2]) or '1')
  ms = math.min(ARGV[3] * 2 ^ (strikes - 1), tonumber(ARGV[4]))
end
local till = now + ms * 1000
if till > stored then
  redis.call('HSET', KEYS[1], 'until', string.format('%d', till), 'reason', ARGV[2])
  redis.call('PEXPIREAT', KEYS[1], string.format('%d', till / 1000 + 1))
end
return math.ceil((math.max(till, stored) - now) / 1000)
