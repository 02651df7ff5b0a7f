-- Keep a market's quotes, unless younger ones are there: sweeps of two workers may overlap.
--
-- KEYS  1 quotes: hash symbol -> quote    2 when the stored ones were asked for (us)
-- ARGV  1 when these were asked for (us), then symbol and quote of each
-- Returns 1 when they were kept.
if tonumber(ARGV[1]) < tonumber(redis.call('GET', KEYS[2]) or '0') then
  return 0
end
redis.call('SET', KEYS[2], ARGV[1])
for i = 2, #ARGV, 2000 do
  redis.call('HSET', KEYS[1], unpack(ARGV, i, math.min(i + 1999, #ARGV)))
end
return 1
