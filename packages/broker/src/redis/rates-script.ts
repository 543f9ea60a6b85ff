/**
 * `takeShare` of core, where Redis does it: one step for all who ask, by its own clock. A bucket is a hash: its level, when it was
 * that, and what each node holds until when. One that is full again is gone by itself.
 */
export const ratesScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local shares = {}
for number, key in ipairs(KEYS) do
  local first = (number - 1) * 7
  local node = 'node:' .. ARGV[first + 1]
  local rate, burst, left = tonumber(ARGV[first + 2]), tonumber(ARGV[first + 3]), tonumber(ARGV[first + 4])
  local spend, hold, hold_ms = tonumber(ARGV[first + 5]), tonumber(ARGV[first + 6]), tonumber(ARGV[first + 7])
  local level, at, elsewhere, last, others = burst, now, 0, now, {}
  local fields = redis.call('HGETALL', key)
  for field = 1, #fields, 2 do
    local name, value = fields[field], fields[field + 1]
    if name == 'level' then level = tonumber(value)
    elseif name == 'at' then at = tonumber(value)
    else
      local tokens, till = value:match('^(%S+) (%S+)$')
      tokens, till = tonumber(tokens), tonumber(till)
      if name == node or till <= now then redis.call('HDEL', key, name)
      else
        elsewhere = elsewhere + tokens
        last = math.max(last, till)
        others[#others + 1] = { tokens, till }
      end
    end
  end
  level = math.min(burst, level + math.max(0, now - at) / 1000 * rate)
  local free = math.max(0, math.min(level, burst - elsewhere - left))
  local spent = math.min(spend, math.floor(free))
  local most = math.floor(math.min(free - spent, burst / 2 - elsewhere - left))
  local held = math.max(0, math.min(hold, most))
  level = level - spent - held
  redis.call('HSET', key, 'level', string.format('%.17g', level), 'at', string.format('%.3f', now))
  if left + held > 0 then
    last = math.max(last, now + hold_ms)
    redis.call('HSET', key, node, string.format('%d %.3f', left + held, now + hold_ms))
  end
  redis.call('PEXPIRE', key, math.ceil(math.max((burst - level) / rate * 1000, last - now)) + 1000)
  local wait = 0
  if spent < spend then
    if level < 1 then wait = math.ceil((1 - level) / rate * 1000)
    else
      wait = 1
      table.sort(others, function(a, b) return a[2] < b[2] end)
      for _, other in ipairs(others) do
        elsewhere = elsewhere - other[1]
        if burst - elsewhere - left >= 1 then
          wait = math.max(1, math.ceil(other[2] - now))
          break
        end
      end
    end
  end
  shares[number] = { spent, held, string.format('%.17g', math.max(0, free - spent - held)), wait }
end
return shares
`;
