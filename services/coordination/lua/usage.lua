-- How the budget stands.
--
-- KEYS  as of spend.lua    ARGV  1 us in a slot  2 slots in a minute
-- Returns the ms of the pause, its reason, the weight of others, then purpose and weight of each purpose.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local oldest = math.floor(now / ARGV[1]) - ARGV[2]
local paused = math.max(0, math.ceil((tonumber(redis.call('HGET', KEYS[2], 'until') or '0') - now) / 1000))
local used = {}
local stored = redis.call('HGETALL', KEYS[1])
for i = 1, #stored, 2 do
  local at, purpose = string.match(stored[i], '^(%d+):.+:(.+)$')
  if tonumber(at) >= oldest then
    used[purpose] = (used[purpose] or 0) + stored[i + 1]
  end
end
local reason = paused > 0 and redis.call('HGET', KEYS[2], 'reason') or ''
local answer = {paused, reason, tonumber(redis.call('GET', KEYS[3]) or '0')}
for purpose, weight in pairs(used) do
  answer[#answer + 1] = purpose
  answer[#answer + 1] = weight
end
return answer
