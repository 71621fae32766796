-- Which phone does this person get?
--
-- input.user, input.slot
-- input.pool    {name, template, ready, max, total}
-- input.phones  the phones that may be given: {uuid, host, state, agent_ready, own, created};
--               state is "running", "off" or "creating"; own: it is this person's, kept from before
-- input.hosts   hosts that can clone now: {id, phones, memory_free_mib}
--
-- Answer one of {phone = uuid}, {clone = host id}, {refuse = "why"}.

local function better(a, b)
  if a.own ~= b.own then return a.own end
  if a.agent_ready ~= b.agent_ready then return a.agent_ready end
  if a.created ~= b.created then return a.created < b.created end
  return a.uuid < b.uuid
end

local function best(phones, fits)
  local found
  for _, phone in ipairs(phones) do
    if fits(phone) and (not found or better(phone, found)) then found = phone end
  end
  return found
end

local function emptiest(hosts)
  local found
  for _, host in ipairs(hosts) do
    if not found or host.phones < found.phones
      or (host.phones == found.phones and host.memory_free_mib > found.memory_free_mib) then
      found = host
    end
  end
  return found
end

function allocate(input)
  local phone = best(input.phones, function(p) return p.own end)
    or best(input.phones, function(p) return p.state == "running" end)
  if phone then return {phone = phone.uuid} end

  local host = emptiest(input.hosts)
  if host and input.pool.total < input.pool.max then return {clone = host.id} end

  -- No room for another: one that is being cloned for the reserve will do.
  phone = best(input.phones, function(p) return p.state == "creating" end)
  if phone then return {phone = phone.uuid} end

  if not host then return {refuse = "no host can clone a phone now"} end
  return {refuse = "all phones of the pool are in use"}
end
