-- Take one from each of some rate limits, if all have room: the generic cell rate algorithm, exact for the whole fleet.
--
-- KEYS  for each limit the theoretical arrival time of its next request (us)
-- ARGV  1 whether to take (1) or only to look (0); then for each limit: us between two requests, how many at once
-- Returns whether it is admitted (0, 1), how many more could come now, us until the next one can, us until all is free.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local takes = tonumber(ARGV[1])
local wait, more, reset, arrivals = 0, math.huge, 0, {}
for i, key in ipairs(KEYS) do
  local interval, burst = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local arrival = math.max(now, tonumber(redis.call('GET', key) or '0'))
  local room = interval * burst - (arrival - now)
  wait = math.max(wait, interval - room)
  more = math.min(more, math.max(0, math.floor((room - interval * takes) / interval)))
  reset = math.max(reset, arrival - now)
  arrivals[i] = arrival + interval
end
if wait > 0 then
  return {0, 0, wait, reset}
end
if takes == 1 then
  for i, key in ipairs(KEYS) do
    reset = math.max(reset, arrivals[i] - now)
    redis.call('SET', key, string.format('%d', arrivals[i]), 'PX', math.ceil((arrivals[i] - now) / 1000))
  end
end
return {1, more, 0, reset}
