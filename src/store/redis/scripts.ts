/**
 * What the server does by itself, in Lua: each script runs alone and whole. The keys are those of one user, in one hash slot.
 */

/** What {@link applyScript} returns that wrote nothing: there is no such user; a note is not as expected. */
export const nobody = -1;
export const otherwise = -2;

/**
 * Adds two integers to those of each record of a hash, and keeps the later day where records have one. `packed`: the field, two integers of 32
 * bits, and the day (16 bits) if `dated`, one after another.
 */
const add = `
local function add(key, width, packed, dated)
  local size = width + (dated and 10 or 8)
  local step = 1000 * size
  for from = 1, #packed, step do
    local fields = {}
    for at = from, math.min(from + step - 1, #packed), size do
      fields[#fields + 1] = string.sub(packed, at, at + width - 1)
    end
    local old = redis.call('HMGET', key, unpack(fields))
    local set, gone = {}, {}
    for i = 1, #fields do
      local a, b = struct.unpack('<i4i4', packed, from + (i - 1) * size + width)
      local day = dated and struct.unpack('<I2', packed, from + (i - 1) * size + width + 8)
      local record = old[i]
      if record then
        local c, d = struct.unpack(#record < 8 and '<i2i2' or '<i4i4', record)
        if dated and #record % 4 == 2 then day = math.max(day, (struct.unpack('<I2', record, #record - 1))) end
        a = math.max(-2147483648, math.min(2147483647, a + c))
        b = math.max(-2147483648, math.min(2147483647, b + d))
      end
      if a == 0 and b == 0 then
        gone[#gone + 1] = fields[i]
      else
        local short = a >= -32768 and a <= 32767 and b >= -32768 and b <= 32767
        set[#set + 1] = fields[i]
        set[#set + 1] = struct.pack(short and '<i2i2' or '<i4i4', a, b) .. (dated and struct.pack('<I2', day) or '')
      end
    end
    if #set > 0 then redis.call('HSET', key, unpack(set)) end
    if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
  end
end
`;

/** Removes notes by field, from the hash and the sorted set, and from the sum of bytes; returns how many there were. */
const drop = `
local function drop(fields)
  local removed, bytes = 0, 0
  for i = 1, #fields do
    local size = redis.call('HSTRLEN', KEYS[4], fields[i])
    if redis.call('HDEL', KEYS[4], fields[i]) == 1 then
      removed = removed + 1
      bytes = bytes + size + #fields[i]
    end
    redis.call('ZREM', KEYS[5], fields[i])
  end
  if bytes > 0 then redis.call('HINCRBY', KEYS[1], 'bytes', -bytes) end
  return removed
end
`;

/**
 * Applies a change. Keys: totals, features, tokens, notes, expiries, operation. Arguments: features, tokens, the number of
 * expectations, then for each a note's field and `=` with what it must be, or '' for no note; the number of totals, then for each its name and
 * delta; then for each note its field, its value ('' to remove it) and the second of its expiry ('' for never).
 *
 * Returns 1; 0 if the operation had been applied; or why it was not ({@link nobody}, {@link otherwise}). A few notes that have expired go on the way.
 */
export const applyScript: string = `${add}${drop}
if redis.call('EXISTS', KEYS[1]) == 0 then return ${nobody} end
if redis.call('EXISTS', KEYS[6]) == 1 then return 0 end
local at = 4
for _ = 1, tonumber(ARGV[3]) do
  local note = redis.call('HGET', KEYS[4], ARGV[at])
  if (note and '=' .. string.sub(note, 7) or '') ~= ARGV[at + 1] then return ${otherwise} end
  at = at + 2
end
redis.call('SET', KEYS[6], '', 'EX', 3600)
drop(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', redis.call('TIME')[1], 'LIMIT', 0, 8))
add(KEYS[2], 5, ARGV[1], false)
add(KEYS[3], 8, ARGV[2], true)
local count = tonumber(ARGV[at])
at = at + 1
for _ = 1, count do
  local old = tonumber(redis.call('HGET', KEYS[1], ARGV[at]) or '0')
  local sum = math.max(-2147483648, math.min(2147483647, old + tonumber(ARGV[at + 1])))
  redis.call('HSET', KEYS[1], ARGV[at], string.format('%d', sum))
  at = at + 2
end
while at <= #ARGV do
  local field, value, expires = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  drop({ field })
  if value ~= '' then
    redis.call('HSET', KEYS[4], field, value)
    redis.call('HINCRBY', KEYS[1], 'bytes', #field + #value)
    if expires ~= '' then redis.call('ZADD', KEYS[5], expires, field) end
  end
  at = at + 3
end
return 1
`;

/** Removes up to a number of notes that have expired. Keys as above, without the operation. Arguments: the second, the number. */
export const purgeScript: string = `${drop}
return drop(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', ARGV[1], 'LIMIT', 0, tonumber(ARGV[2])))
`;
