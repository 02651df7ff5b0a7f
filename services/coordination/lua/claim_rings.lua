-- Claim touches to ring for: each at once when it is new, then after longer and longer waits.
--
-- KEYS  two for each touch: 1 its gate, there while nobody may ring  2 how often it was rung for
-- ARGV  1 ms for which a count is kept  2.. ms to wait after the first ring, the second, and so on; the last one stays
-- Returns for each touch whether it is the caller's: 1 or 0.
local answer = {}
for i = 1, #KEYS, 2 do
  local mine = redis.call('EXISTS', KEYS[i]) == 0
  if mine then
    local count = redis.call('INCR', KEYS[i + 1])
    redis.call('PEXPIRE', KEYS[i + 1], ARGV[1])
    redis.call('SET', KEYS[i], '1', 'PX', ARGV[1 + math.min(count, #ARGV - 1)])
  end
  answer[#answer + 1] = mine and 1 or 0
end
return answer
