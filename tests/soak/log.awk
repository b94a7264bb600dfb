# Reads a server's log with lines "=== incident N" between and prints what must not be in it. log_line_prefix is
# '%m [%p] %e %q%a '. loop: how often one message may come between two incidents.
function complain(what) { print what; bad = 1 }
function close_incident(m) {
  for (m in seen) if (seen[m] > loop) complain(seen[m] " times in a row after incident " incident ": " m)
  delete seen
}
/^=== incident / { close_incident(); incident = $3; next }
# Continuation lines have no time in front.
!/^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] / { next }
{
  code = $5
  text = $0
  sub(/^[^\]]*\] [0-9A-Z]* /, "", text)
  if (text ~ /PANIC: /) complain("PANIC: " $0)
  if (code ~ /^XX/) complain("internal error: " $0)
  # Sessions that were ended, lost their server or found it starting, a standby that lost its primary; and 0A000 etc.
  # would be somebody's mistake.
  if (text ~ /(ERROR|FATAL|PANIC): / && code !~ /^(57P01|57P02|57P03|08006|08P01)$/) complain("unexpected: " $0)
  # Our own clients knock while the server is coming up, and so does the standby.
  if (code ~ /^(57P03|08006)$/ || text ~ /^LOG:  (waiting for WAL|invalid record length)/ || text ~ /^(LOG|DETAIL|STATEMENT|HINT|CONTEXT):  checkpoint/) next
  gsub(/[0-9]+/, "N", text)
  seen[text]++
}
END { close_incident(); exit bad }
