-- Take one from a rate limit, if there is room: the generic cell rate algorithm, exact for the whole fleet.
--
-- KEYS  1 the theoretical arrival time of the next request (us)
-- ARGV  1 us between two requests  2 how many may come at once
-- Returns whether it is admitted (0, 1), how many more could come now, us until the next one can, us until all is free.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local arrival = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local ahead = arrival + interval - now
local room = interval * burst
if ahead > room then
  return {0, 0, ahead - room, arrival - now}
end
redis.call('SET', KEYS[1], string.format('%d', arrival + interval), 'PX', math.ceil(ahead / 1000))
return {1, math.floor((room - ahead) / interval), 0, ahead}
