-- How many clones stand ready, and where?
--
-- input.pool    {name, template, ready, max, total}: total counts every phone of the pool
-- input.counts  {ready, creating, leased, kept}
-- input.spare   ready phones that nobody has ever had, oldest first: {uuid, host, created}
-- input.hosts   hosts that can clone now: {id, phones, memory_free_mib, room}
--
-- Answer {clone = {host id, ...}, destroy = {uuid, ...}}. The manager never goes above ready or
-- max, never destroys below ready, and starts at most `room` clones on a host at once.

local function emptiest(hosts)
  local found
  for _, host in ipairs(hosts) do
    if host.room > 0 and (not found or host.phones < found.phones
      or (host.phones == found.phones and host.memory_free_mib > found.memory_free_mib)) then
      found = host
    end
  end
  return found
end

function replenish(input)
  local pool, counts = input.pool, input.counts
  local clone, destroy = {}, {}

  local missing = math.min(pool.ready - counts.ready - counts.creating, pool.max - pool.total)
  while #clone < missing do
    local host = emptiest(input.hosts)
    if not host then break end
    clone[#clone + 1] = host.id
    host.phones = host.phones + 1
    host.room = host.room - 1
  end

  for i = 1, math.min(counts.ready - pool.ready, #input.spare) do
    destroy[i] = input.spare[i].uuid
  end
  return {clone = clone, destroy = destroy}
end
