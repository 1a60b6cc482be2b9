-- One call on the entries of a service. A script runs whole and alone, so a call is never seen half-done.
--
-- KEYS  entries: a hash from an id to its owner (16 characters), a space, and the instance as JSON
--       expiry: the ids in the order of the times at which they run out, in ms of the server's clock
--       revision: the time of the last change in microseconds, or more: it grows, also after a wipe
--       fence: the number of the write that may be made, in "write" and "remove"
-- ARGV  the call, and what it needs
local entries, expiry, revision, fence = unpack(KEYS)
local call, id, owner, ttl, number, mode, json = unpack(ARGV)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Longer than any ttl, so that a service leaves nothing behind, and its readers see each entry go.
local function mark_used()
  for _, key in ipairs({entries, expiry, revision}) do redis.call('PEXPIRE', key, 172800000) end
end
local function mark_changed()
  local last = tonumber(redis.call('GET', revision)) or 0
  redis.call('SET', revision, string.format('%.0f', math.max(time[1] * 1000000 + time[2], last + 1)))
  mark_used()
end
local function remove(gone)
  redis.call('HDEL', entries, gone)
  redis.call('ZREM', expiry, gone)
  mark_changed()
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', expiry, '-inf', now)) do remove(gone) end

if call == 'list' then
  local present, known = redis.call('GET', revision) or '0', id
  return {present, present == known and {} or redis.call('HVALS', entries)}
end
local entry = redis.call('HGET', entries, id)
local holder = entry and string.sub(entry, 1, 16) or 'none'
if call == 'remove' then
  redis.call('DEL', fence)
  if holder == owner then remove(id) end
  return owner
end
if call == 'write' then
  if redis.call('GET', fence) ~= number then return 'fenced' end
  if mode == 'first' or holder == 'none' then holder = owner end
end
if holder == owner then
  redis.call('ZADD', expiry, now + ttl, id)
  if call == 'write' then
    redis.call('HSET', entries, id, owner .. ' ' .. json)
    mark_changed()
  end
  mark_used()
end
return holder
