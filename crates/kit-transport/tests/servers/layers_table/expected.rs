//! The table.

pub(super) const TABLE: &str = "\
# no layer
HTTP/1.1      | 200, whole | ran | INFO /plain 200 whole            | the same
HTTP/2        | 200, whole | ran | INFO /plain 200 whole            | the same
events        | 200, whole | ran | INFO /events 200 whole           | the same
WebSocket     | 101, whole | ran | INFO /socket 101 whole           | the same
unary call    | Ok         | ran | INFO /test.Table/Unary OK whole  | the same
client stream | Ok         | ran | INFO /test.Table/Client OK whole | the same
server stream | Ok         | ran | INFO /test.Table/Server OK whole | the same
both streams  | Ok         | ran | INFO /test.Table/Both OK whole   | the same

# request id
HTTP/1.1      | 200 id, whole | ran id, span: first later | INFO /plain 200 whole            | the same
HTTP/2        | 200 id, whole | ran id, span: first later | INFO /plain 200 whole            | the same
events        | 200 id, whole | ran id, span: first later | INFO /events 200 whole           | the same
WebSocket     | 101 id, whole | ran id, span: first later | INFO /socket 101 whole           | the same
unary call    | Ok id         | ran id, span: first later | INFO /test.Table/Unary OK whole  | the same
client stream | Ok id         | ran id, span: first later | INFO /test.Table/Client OK whole | the same
server stream | Ok id         | ran id, span: first later | INFO /test.Table/Server OK whole | the same
both streams  | Ok id         | ran id, span: first later | INFO /test.Table/Both OK whole   | the same

# trace
HTTP/1.1      | 200, whole | ran trace, span: first later | INFO /plain 200 whole            | the same
HTTP/2        | 200, whole | ran trace, span: first later | INFO /plain 200 whole            | the same
events        | 200, whole | ran trace, span: first later | INFO /events 200 whole           | the same
WebSocket     | 101, whole | ran trace, span: first later | INFO /socket 101 whole           | the same
unary call    | Ok         | ran trace, span: first later | INFO /test.Table/Unary OK whole  | the same
client stream | Ok         | ran trace, span: first later | INFO /test.Table/Client OK whole | the same
server stream | Ok         | ran trace, span: first later | INFO /test.Table/Server OK whole | the same
both streams  | Ok         | ran trace, span: first later | INFO /test.Table/Both OK whole   | the same

# access log
HTTP/1.1      | 200, whole | ran | INFO /plain 200 whole            | none
HTTP/2        | 200, whole | ran | INFO /plain 200 whole            | none
events        | 200, whole | ran | INFO /events 200 whole           | none
WebSocket     | 101, whole | ran | INFO /socket 101 whole           | none
unary call    | Ok         | ran | INFO /test.Table/Unary OK whole  | none
client stream | Ok         | ran | INFO /test.Table/Client OK whole | none
server stream | Ok         | ran | INFO /test.Table/Server OK whole | none
both streams  | Ok         | ran | INFO /test.Table/Both OK whole   | none

# metrics
HTTP/1.1      | 200, whole | ran | none | /plain 200 whole
HTTP/2        | 200, whole | ran | none | /plain 200 whole
events        | 200, whole | ran | none | /events 200 whole
WebSocket     | 101, whole | ran | none | /socket 101 whole
unary call    | Ok         | ran | none | /test.Table/Unary OK whole
client stream | Ok         | ran | none | /test.Table/Client OK whole
server stream | Ok         | ran | none | /test.Table/Server OK whole
both streams  | Ok         | ran | none | /test.Table/Both OK whole

# metadata
HTTP/1.1      | 200, whole | ran metadata | INFO /plain 200 whole            | the same
HTTP/2        | 200, whole | ran metadata | INFO /plain 200 whole            | the same
events        | 200, whole | ran metadata | INFO /events 200 whole           | the same
WebSocket     | 101, whole | ran metadata | INFO /socket 101 whole           | the same
unary call    | Ok         | ran metadata | INFO /test.Table/Unary OK whole  | the same
client stream | Ok         | ran metadata | INFO /test.Table/Client OK whole | the same
server stream | Ok         | ran metadata | INFO /test.Table/Server OK whole | the same
both streams  | Ok         | ran metadata | INFO /test.Table/Both OK whole   | the same

# metadata: too much
HTTP/1.1      | 431 METADATA_TOO_LARGE, whole        | not run | INFO /plain 431 whole                       | the same
HTTP/2        | 431 METADATA_TOO_LARGE, whole        | not run | INFO /plain 431 whole                       | the same
events        | 431 METADATA_TOO_LARGE, whole        | not run | INFO /events 431 whole                      | the same
WebSocket     | 431 METADATA_TOO_LARGE, whole        | not run | INFO /socket 431 whole                      | the same
unary call    | ResourceExhausted METADATA_TOO_LARGE | not run | WARN /test.Table/* RESOURCE_EXHAUSTED whole | the same
client stream | ResourceExhausted METADATA_TOO_LARGE | not run | WARN /test.Table/* RESOURCE_EXHAUSTED whole | the same
server stream | ResourceExhausted METADATA_TOO_LARGE | not run | WARN /test.Table/* RESOURCE_EXHAUSTED whole | the same
both streams  | ResourceExhausted METADATA_TOO_LARGE | not run | WARN /test.Table/* RESOURCE_EXHAUSTED whole | the same

# deadline
HTTP/1.1      | 200, whole | ran deadline | INFO /plain 200 whole            | the same
HTTP/2        | 200, whole | ran deadline | INFO /plain 200 whole            | the same
events        | 200, whole | ran deadline | INFO /events 200 whole           | the same
WebSocket     | 101, whole | ran deadline | INFO /socket 101 whole           | the same
unary call    | Ok         | ran deadline | INFO /test.Table/Unary OK whole  | the same
client stream | Ok         | ran deadline | INFO /test.Table/Client OK whole | the same
server stream | Ok         | ran deadline | INFO /test.Table/Server OK whole | the same
both streams  | Ok         | ran deadline | INFO /test.Table/Both OK whole   | the same

# deadline: it passes
HTTP/1.1      | 504 REQUEST_TIMEOUT, whole       | ran deadline | WARN /plain 504 whole                      | the same
HTTP/2        | 504 REQUEST_TIMEOUT, whole       | ran deadline | WARN /plain 504 whole                      | the same
events        | 504 REQUEST_TIMEOUT, whole       | ran deadline | WARN /events 504 whole                     | the same
WebSocket     | 504 REQUEST_TIMEOUT, whole       | ran deadline | WARN /socket 504 whole                     | the same
unary call    | DeadlineExceeded REQUEST_TIMEOUT | ran deadline | WARN /test.Table/* DEADLINE_EXCEEDED whole | the same
client stream | DeadlineExceeded REQUEST_TIMEOUT | ran deadline | WARN /test.Table/* DEADLINE_EXCEEDED whole | the same
server stream | DeadlineExceeded REQUEST_TIMEOUT | ran deadline | WARN /test.Table/* DEADLINE_EXCEEDED whole | the same
both streams  | DeadlineExceeded REQUEST_TIMEOUT | ran deadline | WARN /test.Table/* DEADLINE_EXCEEDED whole | the same

# concurrency limit
HTTP/1.1      | 200, whole | ran holds 1 holds 1 | INFO /plain 200 whole            | the same
HTTP/2        | 200, whole | ran holds 1 holds 1 | INFO /plain 200 whole            | the same
events        | 200, whole | ran holds 1 holds 1 | INFO /events 200 whole           | the same
WebSocket     | 101, whole | ran holds 1 holds 1 | INFO /socket 101 whole           | the same
unary call    | Ok         | ran holds 1 holds 1 | INFO /test.Table/Unary OK whole  | the same
client stream | Ok         | ran holds 1 holds 1 | INFO /test.Table/Client OK whole | the same
server stream | Ok         | ran holds 1 holds 1 | INFO /test.Table/Server OK whole | the same
both streams  | Ok         | ran holds 1 holds 1 | INFO /test.Table/Both OK whole   | the same

# concurrency limit: full
HTTP/1.1      | 503 OVERLOADED retry, whole        | not run | WARN /plain 503 whole                       | the same
HTTP/2        | 503 OVERLOADED retry, whole        | not run | WARN /plain 503 whole                       | the same
events        | 503 OVERLOADED retry, whole        | not run | WARN /events 503 whole                      | the same
WebSocket     | 503 OVERLOADED retry, whole        | not run | WARN /socket 503 whole                      | the same
unary call    | ResourceExhausted OVERLOADED retry | not run | WARN /test.Table/* RESOURCE_EXHAUSTED whole | the same
client stream | ResourceExhausted OVERLOADED retry | not run | WARN /test.Table/* RESOURCE_EXHAUSTED whole | the same
server stream | ResourceExhausted OVERLOADED retry | not run | WARN /test.Table/* RESOURCE_EXHAUSTED whole | the same
both streams  | ResourceExhausted OVERLOADED retry | not run | WARN /test.Table/* RESOURCE_EXHAUSTED whole | the same

# rate limit
HTTP/1.1      | 200, whole | ran | INFO /plain 200 whole            | the same
HTTP/2        | 200, whole | ran | INFO /plain 200 whole            | the same
events        | 200, whole | ran | INFO /events 200 whole           | the same
WebSocket     | 101, whole | ran | INFO /socket 101 whole           | the same
unary call    | Ok         | ran | INFO /test.Table/Unary OK whole  | the same
client stream | Ok         | ran | INFO /test.Table/Client OK whole | the same
server stream | Ok         | ran | INFO /test.Table/Server OK whole | the same
both streams  | Ok         | ran | INFO /test.Table/Both OK whole   | the same

# rate limit: too often
HTTP/1.1      | 429 RATELIMIT retry, whole        | not run | WARN /plain 429 whole                       | the same
HTTP/2        | 429 RATELIMIT retry, whole        | not run | WARN /plain 429 whole                       | the same
events        | 429 RATELIMIT retry, whole        | not run | WARN /events 429 whole                      | the same
WebSocket     | 429 RATELIMIT retry, whole        | not run | WARN /socket 429 whole                      | the same
unary call    | ResourceExhausted RATELIMIT retry | not run | WARN /test.Table/* RESOURCE_EXHAUSTED whole | the same
client stream | ResourceExhausted RATELIMIT retry | not run | WARN /test.Table/* RESOURCE_EXHAUSTED whole | the same
server stream | ResourceExhausted RATELIMIT retry | not run | WARN /test.Table/* RESOURCE_EXHAUSTED whole | the same
both streams  | ResourceExhausted RATELIMIT retry | not run | WARN /test.Table/* RESOURCE_EXHAUSTED whole | the same

# authenticate
HTTP/1.1      | 200, whole | ran claims | INFO /plain 200 whole            | the same
HTTP/2        | 200, whole | ran claims | INFO /plain 200 whole            | the same
events        | 200, whole | ran claims | INFO /events 200 whole           | the same
WebSocket     | 101, whole | ran claims | INFO /socket 101 whole           | the same
unary call    | Ok         | ran claims | INFO /test.Table/Unary OK whole  | the same
client stream | Ok         | ran claims | INFO /test.Table/Client OK whole | the same
server stream | Ok         | ran claims | INFO /test.Table/Server OK whole | the same
both streams  | Ok         | ran claims | INFO /test.Table/Both OK whole   | the same

# authenticate: no caller
HTTP/1.1      | 401 UNAUTHORIZED challenge, whole | not run | INFO /plain 401 whole                    | the same
HTTP/2        | 401 UNAUTHORIZED challenge, whole | not run | INFO /plain 401 whole                    | the same
events        | 401 UNAUTHORIZED challenge, whole | not run | INFO /events 401 whole                   | the same
WebSocket     | 401 UNAUTHORIZED challenge, whole | not run | INFO /socket 401 whole                   | the same
unary call    | Unauthenticated UNAUTHORIZED      | not run | INFO /test.Table/* UNAUTHENTICATED whole | the same
client stream | Unauthenticated UNAUTHORIZED      | not run | INFO /test.Table/* UNAUTHENTICATED whole | the same
server stream | Unauthenticated UNAUTHORIZED      | not run | INFO /test.Table/* UNAUTHENTICATED whole | the same
both streams  | Unauthenticated UNAUTHORIZED      | not run | INFO /test.Table/* UNAUTHENTICATED whole | the same

# authorize
HTTP/1.1      | 200, whole | ran claims | INFO /plain 200 whole            | the same
HTTP/2        | 200, whole | ran claims | INFO /plain 200 whole            | the same
events        | 200, whole | ran claims | INFO /events 200 whole           | the same
WebSocket     | 101, whole | ran claims | INFO /socket 101 whole           | the same
unary call    | Ok         | ran claims | INFO /test.Table/Unary OK whole  | the same
client stream | Ok         | ran claims | INFO /test.Table/Client OK whole | the same
server stream | Ok         | ran claims | INFO /test.Table/Server OK whole | the same
both streams  | Ok         | ran claims | INFO /test.Table/Both OK whole   | the same

# authorize: another caller
HTTP/1.1      | 403 FORBIDDEN, whole       | not run | INFO /plain 403 whole                      | the same
HTTP/2        | 403 FORBIDDEN, whole       | not run | INFO /plain 403 whole                      | the same
events        | 403 FORBIDDEN, whole       | not run | INFO /events 403 whole                     | the same
WebSocket     | 403 FORBIDDEN, whole       | not run | INFO /socket 403 whole                     | the same
unary call    | PermissionDenied FORBIDDEN | not run | INFO /test.Table/* PERMISSION_DENIED whole | the same
client stream | PermissionDenied FORBIDDEN | not run | INFO /test.Table/* PERMISSION_DENIED whole | the same
server stream | PermissionDenied FORBIDDEN | not run | INFO /test.Table/* PERMISSION_DENIED whole | the same
both streams  | PermissionDenied FORBIDDEN | not run | INFO /test.Table/* PERMISSION_DENIED whole | the same

# named operation
HTTP/1.1      | 200, whole | ran | INFO named 200 whole | the same
HTTP/2        | 200, whole | ran | INFO named 200 whole | the same
events        | 200, whole | ran | INFO named 200 whole | the same
WebSocket     | 101, whole | ran | INFO named 101 whole | the same
unary call    | Ok         | ran | INFO named OK whole  | the same
client stream | Ok         | ran | INFO named OK whole  | the same
server stream | Ok         | ran | INFO named OK whole  | the same
both streams  | Ok         | ran | INFO named OK whole  | the same

# on: selected
HTTP/1.1      | 401 UNAUTHORIZED challenge, whole | not run | INFO /plain 401 whole                    | the same
HTTP/2        | 401 UNAUTHORIZED challenge, whole | not run | INFO /plain 401 whole                    | the same
events        | 401 UNAUTHORIZED challenge, whole | not run | INFO /events 401 whole                   | the same
WebSocket     | 401 UNAUTHORIZED challenge, whole | not run | INFO /socket 401 whole                   | the same
unary call    | Unauthenticated UNAUTHORIZED      | not run | INFO /test.Table/* UNAUTHENTICATED whole | the same
client stream | Unauthenticated UNAUTHORIZED      | not run | INFO /test.Table/* UNAUTHENTICATED whole | the same
server stream | Unauthenticated UNAUTHORIZED      | not run | INFO /test.Table/* UNAUTHENTICATED whole | the same
both streams  | Unauthenticated UNAUTHORIZED      | not run | INFO /test.Table/* UNAUTHENTICATED whole | the same

# on: not selected
HTTP/1.1      | 200, whole | ran | INFO /plain 200 whole            | the same
HTTP/2        | 200, whole | ran | INFO /plain 200 whole            | the same
events        | 200, whole | ran | INFO /events 200 whole           | the same
WebSocket     | 101, whole | ran | INFO /socket 101 whole           | the same
unary call    | Ok         | ran | INFO /test.Table/Unary OK whole  | the same
client stream | Ok         | ran | INFO /test.Table/Client OK whole | the same
server stream | Ok         | ran | INFO /test.Table/Server OK whole | the same
both streams  | Ok         | ran | INFO /test.Table/Both OK whole   | the same

# body limit: too large
HTTP/1.1      | 413 BODY_TOO_LARGE, whole           | not run | INFO /plain 413 whole                            | the same
HTTP/2        | 413 BODY_TOO_LARGE, whole           | not run | INFO /plain 413 whole                            | the same
events        | 413 BODY_TOO_LARGE, whole           | not run | INFO /events 413 whole                           | the same
WebSocket     | 413 BODY_TOO_LARGE, whole           | not run | INFO /socket 413 whole                           | the same
unary call    | ResourceExhausted MESSAGE_TOO_LARGE | not run | WARN /test.Table/Unary RESOURCE_EXHAUSTED whole  | the same
client stream | ResourceExhausted MESSAGE_TOO_LARGE | not run | WARN /test.Table/Client RESOURCE_EXHAUSTED whole | the same
server stream | ResourceExhausted MESSAGE_TOO_LARGE | not run | WARN /test.Table/Server RESOURCE_EXHAUSTED whole | the same
both streams  | ResourceExhausted MESSAGE_TOO_LARGE | not run | WARN /test.Table/Both RESOURCE_EXHAUSTED whole   | the same

# panic of the handler
HTTP/1.1      | 500, whole | ran | ERROR /plain 500 whole                  | the same
HTTP/2        | 500, whole | ran | ERROR /plain 500 whole                  | the same
events        | 500, whole | ran | ERROR /events 500 whole                 | the same
WebSocket     | 500, whole | ran | ERROR /socket 500 whole                 | the same
unary call    | Internal   | ran | ERROR /test.Table/Unary INTERNAL whole  | the same
client stream | Internal   | ran | ERROR /test.Table/Client INTERNAL whole | the same
server stream | Internal   | ran | ERROR /test.Table/Server INTERNAL whole | the same
both streams  | Internal   | ran | ERROR /test.Table/Both INTERNAL whole   | the same

# panic behind the head
HTTP/1.1      | no answer   | ran | ERROR /plain 200 panicked                  | the same
HTTP/2        | no answer   | ran | ERROR /plain 200 panicked                  | the same
events        | no answer   | ran | ERROR /events 200 panicked                 | the same
WebSocket     | 101, broken | ran | ERROR /socket 101 panicked                 | the same
unary call    | Internal    | ran | ERROR /test.Table/Unary INTERNAL whole     | the same
client stream | Internal    | ran | ERROR /test.Table/Client INTERNAL whole    | the same
server stream | Internal    | ran | ERROR /test.Table/Server INTERNAL panicked | the same
both streams  | Internal    | ran | ERROR /test.Table/Both INTERNAL panicked   | the same

# panic of a layer
HTTP/1.1      | 500 id, whole | not run | ERROR /plain 500 whole             | the same
HTTP/2        | 500 id, whole | not run | ERROR /plain 500 whole             | the same
events        | 500 id, whole | not run | ERROR /events 500 whole            | the same
WebSocket     | 500 id, whole | not run | ERROR /socket 500 whole            | the same
unary call    | Internal id   | not run | ERROR /test.Table/* INTERNAL whole | the same
client stream | Internal id   | not run | ERROR /test.Table/* INTERNAL whole | the same
server stream | Internal id   | not run | ERROR /test.Table/* INTERNAL whole | the same
both streams  | Internal id   | not run | ERROR /test.Table/* INTERNAL whole | the same

# error of a layer
HTTP/1.1      | 500 id, whole | not run | ERROR /plain 500 whole             | the same
HTTP/2        | 500 id, whole | not run | ERROR /plain 500 whole             | the same
events        | 500 id, whole | not run | ERROR /events 500 whole            | the same
WebSocket     | 500 id, whole | not run | ERROR /socket 500 whole            | the same
unary call    | Internal id   | not run | ERROR /test.Table/* INTERNAL whole | the same
client stream | Internal id   | not run | ERROR /test.Table/* INTERNAL whole | the same
server stream | Internal id   | not run | ERROR /test.Table/* INTERNAL whole | the same
both streams  | Internal id   | not run | ERROR /test.Table/* INTERNAL whole | the same

# client gone
HTTP/1.1      | nothing | ran | INFO /plain 200 gone                   | the same
HTTP/2        | nothing | ran | INFO /plain 200 gone                   | the same
events        | nothing | ran | INFO /events 200 gone                  | the same
WebSocket     | nothing | ran | INFO /socket 101 gone                  | the same
unary call    | nothing | ran | INFO /test.Table/* CANCELLED gone      | the same
client stream | nothing | ran | INFO /test.Table/* CANCELLED gone      | the same
server stream | nothing | ran | INFO /test.Table/Server CANCELLED gone | the same
both streams  | nothing | ran | INFO /test.Table/Both CANCELLED gone   | the same

# cut by a drain
HTTP/1.1      | 200, broken | ran | WARN /plain 200 cut                     | the same
HTTP/2        | 200, broken | ran | WARN /plain 200 cut                     | the same
events        | 200, whole  | ran | WARN /events 200 cut                    | the same
WebSocket     | 101, broken | ran | WARN /socket 101 cut                    | the same
unary call    | Unknown     | ran | WARN /test.Table/* UNAVAILABLE cut      | the same
client stream | Unknown     | ran | WARN /test.Table/* UNAVAILABLE cut      | the same
server stream | Unavailable | ran | WARN /test.Table/Server UNAVAILABLE cut | the same
both streams  | Unavailable | ran | WARN /test.Table/Both UNAVAILABLE cut   | the same

# standard
HTTP/1.1      | 200 id, whole | ran id trace metadata, span: first later | INFO /plain 200 whole            | the same
HTTP/2        | 200 id, whole | ran id trace metadata, span: first later | INFO /plain 200 whole            | the same
events        | 200 id, whole | ran id trace metadata, span: first later | INFO /events 200 whole           | the same
WebSocket     | 101 id, whole | ran id trace metadata, span: first later | INFO /socket 101 whole           | the same
unary call    | Ok id         | ran id trace metadata, span: first later | INFO /test.Table/Unary OK whole  | the same
client stream | Ok id         | ran id trace metadata, span: first later | INFO /test.Table/Client OK whole | the same
server stream | Ok id         | ran id trace metadata, span: first later | INFO /test.Table/Server OK whole | the same
both streams  | Ok id         | ran id trace metadata, span: first later | INFO /test.Table/Both OK whole   | the same

# standard: a panic
HTTP/1.1      | 500 id, whole | ran id, span: first | ERROR /plain 500 whole                  | the same
HTTP/2        | 500 id, whole | ran id, span: first | ERROR /plain 500 whole                  | the same
events        | 500 id, whole | ran id, span: first | ERROR /events 500 whole                 | the same
WebSocket     | 500 id, whole | ran id, span: first | ERROR /socket 500 whole                 | the same
unary call    | Internal id   | ran id, span: first | ERROR /test.Table/Unary INTERNAL whole  | the same
client stream | Internal id   | ran id, span: first | ERROR /test.Table/Client INTERNAL whole | the same
server stream | Internal id   | ran id, span: first | ERROR /test.Table/Server INTERNAL whole | the same
both streams  | Internal id   | ran id, span: first | ERROR /test.Table/Both INTERNAL whole   | the same

# standard: cut by a drain
HTTP/1.1      | 200 id, broken | ran id, span: first later | WARN /plain 200 cut                     | the same
HTTP/2        | 200 id, broken | ran id, span: first later | WARN /plain 200 cut                     | the same
events        | 200 id, whole  | ran id, span: first later | WARN /events 200 cut                    | the same
WebSocket     | 101 id, broken | ran id, span: first later | WARN /socket 101 cut                    | the same
unary call    | Unknown        | ran id, span: first later | WARN /test.Table/* UNAVAILABLE cut      | the same
client stream | Unknown        | ran id, span: first later | WARN /test.Table/* UNAVAILABLE cut      | the same
server stream | Unavailable id | ran id, span: first later | WARN /test.Table/Server UNAVAILABLE cut | the same
both streams  | Unavailable id | ran id, span: first later | WARN /test.Table/Both UNAVAILABLE cut   | the same
";
