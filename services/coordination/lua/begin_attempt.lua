-- One more attempt for a name and an address, unless either has had its share.
-- KEYS: the counters. ARGV: the most for each, in the same order, then the seconds after which a counter expires:
-- since the first attempt, or since the last one that there was room for.
-- Returns 0, or the seconds until there is room again; then nothing is counted, and nobody's wait grows.
local wait = 0
for place, key in ipairs(KEYS) do
    if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[place]) then
        wait = math.max(wait, 1, redis.call('TTL', key))
    end
end
if wait == 0 then
    for place, key in ipairs(KEYS) do
        local count = redis.call('INCR', key)
        if count == 1 or count >= tonumber(ARGV[place]) then
            redis.call('EXPIRE', key, ARGV[#KEYS + 1])
        end
    end
end
return wait
