-- wrk's side of a measurement. Arguments after `--`: method, bytes of body.
-- A hundred merchants take turns, so that a proxy that routes by merchant has to look each time.

local MERCHANTS = 100
local requests = {}
local turn = 0

function init(args)
  local method, size = args[1], tonumber(args[2])
  local body = size > 0 and string.rep("x", size) or nil
  for merchant = 1, MERCHANTS do
    local headers = { ["Host"] = wrk.headers["Host"], ["X-Merchant-Id"] = "m_" .. merchant }
    if body then headers["Content-Type"] = "application/octet-stream" end
    requests[merchant] = wrk.format(method, nil, headers, body)
  end
end

function request()
  turn = turn % MERCHANTS + 1
  return requests[turn]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "failed": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
