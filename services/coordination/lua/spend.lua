-- Spend request weight, if there is some. A sliding window, not a bucket: whatever minute the exchange counts in,
-- the fleet's own requests in it stay within the budget.
--
-- KEYS  1 spent: hash "<slot>:<slice>:<purpose>" -> weight, the slice another's where it was borrowed    2 pause: hash until (us), reason    3 weight of others
-- ARGV  1 us in a slot  2 slots in a minute  3 budget  4 the exchange's limit  5 used as the exchange says (-1: not said)
--       6 the slices that borrow, each between commas  7 the one that lends  8 up to this part of its reserve
--       9 number of slices, then slice and reserved share of each, then slice and weight of each request
-- Returns the ms of the pause, then for each request the ms to wait (0: granted and spent).
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local length, slots = tonumber(ARGV[1]), tonumber(ARGV[2])
local budget, limit, reported = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local borrowers, lender, lent_up_to = ARGV[6], ARGV[7], tonumber(ARGV[8])
local first_share = 10
local first_request = first_share + 2 * tonumber(ARGV[9])

local paused = tonumber(redis.call('HGET', KEYS[2], 'until') or '0') - now
local answer = {math.max(0, math.ceil(paused / 1000))}

local slot = math.floor(now / length)
local used, total, oldest = {}, 0, nil
local stored = redis.call('HGETALL', KEYS[1])
for i = 1, #stored, 2 do
  local at, slice = string.match(stored[i], '^(%d+):(.+):')
  at = tonumber(at)
  if at < slot - slots then
    redis.call('HDEL', KEYS[1], stored[i])
  else
    used[slice] = (used[slice] or 0) + stored[i + 1]
    total = total + stored[i + 1]
    oldest = math.min(oldest or at, at)
  end
end

if reported >= 0 then
  -- More than ours is somebody else's at the same address, or ours before Redis forgot it.
  redis.call('SET', KEYS[3], math.max(0, reported - total), 'PX', math.ceil(length * slots / 1000))
end
local allowed = math.min(budget, limit - tonumber(redis.call('GET', KEYS[3]) or '0'))

-- Spent, or kept for those that have not spent their reserve.
local committed, reserve = 0, {}
for i = first_share, first_request - 1, 2 do
  reserve[ARGV[i]] = ARGV[i + 1] * allowed
  committed = committed + math.max(used[ARGV[i]] or 0, reserve[ARGV[i]])
end

-- Whether `slice` may spend so much more.
local function spend(slice, weight, purpose)
  local before = used[slice] or 0
  local after = committed + math.max(before + weight, reserve[slice]) - math.max(before, reserve[slice])
  if after > allowed then
    return false
  end
  used[slice], committed = before + weight, after
  redis.call('HINCRBY', KEYS[1], string.format('%d:%s:%s', slot, slice, purpose), weight)
  return true
end

local function borrow(weight, purpose)
  return string.find(borrowers, ',' .. purpose .. ',', 1, true)
    and (used[lender] or 0) + weight <= lent_up_to * reserve[lender]
    and spend(lender, weight, purpose)
end

-- What is nobody's comes last: who may borrow leaves it to those who may not.
local function grant(weight, purpose)
  local is_own = (used[purpose] or 0) + weight <= reserve[purpose]
  return is_own and spend(purpose, weight, purpose) or borrow(weight, purpose) or spend(purpose, weight, purpose)
end

for i = first_request, #ARGV, 2 do
  local purpose, weight = ARGV[i], tonumber(ARGV[i + 1])
  if paused > 0 then
    answer[#answer + 1] = answer[1]
  elseif grant(weight, purpose) then
    answer[#answer + 1] = 0
  else
    local free = ((oldest or slot) + slots + 1) * length - now
    answer[#answer + 1] = math.max(1, math.ceil(free / 1000))
  end
end
redis.call('PEXPIRE', KEYS[1], math.ceil(2 * length * slots / 1000))
return answer
