<?php
/**
 * PorticoEstate's way without a library for Redis: PUBLISH of {type: "notification", message, data, timestamp} to the channel
 * `notifications`, over a plain socket. Redis keeps nothing of it: if nobody listened, or nobody can be asked, it goes to the spool directory.
 * The same `idempotency_key` in both makes it appear once if it took both ways. To try: php notify-by-redis.php <text> [<data as JSON>]
 */

require_once __DIR__ . '/parlance.php';

/** @return int How many listened; 0 where Redis did not say. */
function publishOverRedis(string $channel, string $message): int
{
    $address = 'tcp://' . (getenv('REDIS_HOST') ?: 'redis') . ':' . (getenv('REDIS_PORT') ?: 6379);
    $redis = @stream_socket_client($address, $number, $text, 1);
    if ($redis === false) {
        return 0;
    }
    stream_set_timeout($redis, 1);
    // RESP: a list of three texts, each after its length in bytes. The answer is `:` and a number.
    $command = "*3\r\n";
    foreach (['PUBLISH', $channel, $message] as $part) {
        $command .= '$' . strlen($part) . "\r\n$part\r\n";
    }
    @fwrite($redis, $command);
    return (int) ltrim((string) @fgets($redis), ':');
}

function notifyByRedis(string $text, array $data = []): string
{
    $key = bin2hex(random_bytes(16));
    $notification = ['type' => 'notification', 'message' => $text, 'data' => $data, 'timestamp' => date('c'), 'idempotency_key' => $key];
    if (publishOverRedis('notifications', json_encode($notification)) > 0) {
        return 'redis';
    }
    // Without the key of HTTP: the spool then speaks for the same service as Redis does.
    $spool = new ParlancePublisher(['key' => '']);
    return $spool->spool(['everyone' => true, 'text' => $text, 'data' => ['data' => $data], 'idempotency_key' => $key])['by'];
}

if (realpath($argv[0] ?? '') === __FILE__) {
    echo notifyByRedis($argv[1], json_decode($argv[2] ?? '[]', true)), "\n";
}
