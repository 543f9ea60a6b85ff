<?php
/**
 * What Laravel does on the wire, in plain PHP: php -S 127.0.0.1:9000 back-end.php, with the variables of `.env` in the environment and APP_KEY. It
 * reads this folder's config/broadcasting.php and routes/channels.php as Laravel does. `POST /broadcasting/auth` signs, `POST /orders/<owner>` triggers,
 * `POST /webhook` writes what it is told into RECEIVED.
 */

declare(strict_types=1);

namespace Illuminate\Support\Facades {
    /** Laravel's, as far as routes/channels.php needs it. */
    final class Broadcast
    {
        /** @var array<string, callable> */
        public static array $channels = [];

        public static function channel(string $name, callable $may): void
        {
            self::$channels[$name] = $may;
        }
    }
}

namespace {
    use Illuminate\Support\Facades\Broadcast;

    function env(string $name, mixed $default = null): mixed
    {
        $value = getenv($name);
        return $value === false ? $default : $value;
    }

    $all = require __DIR__ . '/config/broadcasting.php';
    require __DIR__ . '/routes/channels.php';
    $connection = $all['connections'][$all['default']];

    /** `Authorization: Bearer <id>.<HMAC of it>`: who is signed in. Laravel has guards for this. */
    function signedIn(): ?object
    {
        $header = $_SERVER['HTTP_AUTHORIZATION'] ?? '';
        if (preg_match('/^Bearer ([a-z0-9]+)\.([0-9a-f]{64})$/D', $header, $parts) !== 1) {
            return null;
        }
        $isOurs = hash_equals(hash_hmac('sha256', $parts[1], (string) env('APP_KEY')), $parts[2]);
        return $isOurs ? (object) ['id' => $parts[1], 'name' => ucfirst($parts[1])] : null;
    }

    /** What `routes/channels.php` says of somebody and a channel: false, true, or what others may know of them. */
    function mayListen(object $user, string $channel): mixed
    {
        $name = preg_replace('/^(private-encrypted-|private-|presence-)/', '', $channel);
        foreach (Broadcast::$channels as $pattern => $may) {
            $form = '/^' . preg_replace('/\\\\\{[a-z]+\\\\\}/', '([^.]+)', preg_quote($pattern, '/')) . '$/D';
            if (preg_match($form, $name, $values) === 1) {
                return $may($user, ...array_slice($values, 1));
            }
        }
        return false;
    }

    /** @return array A status and an answer. */
    function authorize(array $connection, array $asked): array
    {
        ['socket_id' => $socket, 'channel_name' => $channel] = $asked + ['socket_id' => '', 'channel_name' => ''];
        // Security: without these looks a page could have something else signed: a channel is part of what is signed, and so is the socket.
        if (!is_string($socket) || !is_string($channel) || preg_match('/^\d+\.\d+$/D', $socket) !== 1
            || preg_match('/^(private|presence)-[A-Za-z0-9_\-=@,.;]{1,155}$/D', $channel) !== 1) {
            return [400, ['message' => 'Not a socket and a channel.']];
        }
        $user = signedIn();
        $allowed = $user === null ? false : mayListen($user, $channel);
        if ($allowed === false || $allowed === null) {
            return [403, ['message' => 'You may not listen there.']];
        }
        $signed = "$socket:$channel";
        $more = [];
        if (str_starts_with($channel, 'presence-')) {
            $more = ['channel_data' => json_encode(['user_id' => $user->id, 'user_info' => $allowed])];
            $signed .= ":{$more['channel_data']}";
        }
        $auth = $connection['key'] . ':' . hash_hmac('sha256', $signed, $connection['secret']);
        return [200, ['auth' => $auth] + $more];
    }

    /** `POST /apps/<id>/events`, signed as pusher-php-server does. @return array A status and an answer. */
    function trigger(array $connection, array $channels, string $event, array $data, ?string $socket): array
    {
        $body = json_encode(['name' => $event, 'data' => json_encode($data), 'channels' => $channels]
            + ($socket === null ? [] : ['socket_id' => $socket]));
        $path = "/apps/{$connection['app_id']}/events";
        $query = [
            'auth_key' => $connection['key'],
            'auth_timestamp' => (string) time(),
            'auth_version' => '1.0',
            'body_md5' => md5($body),
        ];
        ksort($query);
        $signed = implode('&', array_map(fn ($name) => "$name={$query[$name]}", array_keys($query)));
        $query['auth_signature'] = hash_hmac('sha256', "POST\n$path\n$signed", $connection['secret']);
        ['scheme' => $scheme, 'host' => $host, 'port' => $port] = $connection['options'];
        $request = curl_init("$scheme://$host:$port$path?" . http_build_query($query));
        curl_setopt_array($request, [
            CURLOPT_POSTFIELDS => $body,
            CURLOPT_HTTPHEADER => ['Content-Type: application/json'],
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT => 30,
        ]);
        $answer = curl_exec($request);
        $status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
        return $status === 200 ? [200, ['sent' => true]] : [502, ['message' => "$status $answer"]];
    }

    /** Pusher's webhook. @return array A status. */
    function hear(array $connection, string $body): array
    {
        $expected = hash_hmac('sha256', $body, $connection['secret']);
        if (!hash_equals($expected, $_SERVER['HTTP_X_PUSHER_SIGNATURE'] ?? '')) {
            return [401, null];
        }
        foreach (json_decode($body, true)['events'] as $event) {
            file_put_contents((string) env('RECEIVED', 'received.jsonl'), json_encode($event) . "\n", FILE_APPEND | LOCK_EX);
        }
        return [200, null];
    }

    $path = (string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
    $body = (string) file_get_contents('php://input');
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        [$status, $answer] = [405, null];
    } elseif ($path === '/broadcasting/auth') {
        [$status, $answer] = authorize($connection, $_POST);
    } elseif ($path === '/webhook') {
        [$status, $answer] = hear($connection, $body);
    } elseif (preg_match('#^/orders/([a-z0-9]+)$#D', $path, $parts) === 1) {
        // As `broadcast(new OrderPaid($order))->toOthers()`: Echo sends the header.
        $data = json_decode($body, true) ?? [];
        $socket = $_SERVER['HTTP_X_SOCKET_ID'] ?? null;
        [$status, $answer] = trigger($connection, ["private-orders.$parts[1]", 'presence-desk.1'], 'App\\Events\\OrderPaid', $data, $socket);
    } else {
        [$status, $answer] = [404, null];
    }
    http_response_code($status);
    if ($answer !== null) {
        header('Content-Type: application/json');
        echo json_encode($answer);
    }
}
