<?php
/* Receives webhooks of Parlance. PARLANCE_WEBHOOK_SECRET is what `parlance webhook create` printed. */

[$time, $mac] = sscanf($_SERVER['HTTP_PARLANCE_SIGNATURE'] ?? '', 't=%d,v1=%s') + [0, ''];
$body = file_get_contents('php://input');
$expected = hash_hmac('sha256', "$time.$body", getenv('PARLANCE_WEBHOOK_SECRET'));
if (!hash_equals($expected, (string) $mac) || abs(time() - $time) > 300) {
    http_response_code(401);
    exit;
}
foreach (json_decode($body, true)['events'] as $event) {
    /* The same id comes again where an answer was lost: what was done for it is not done twice. */
    $line = "$event[id] $event[type] " . ($event['data']['text'] ?? '');
    file_put_contents(getenv('RECEIVED') ?: 'received.txt', "$line\n", FILE_APPEND | LOCK_EX);
}
http_response_code(204);
