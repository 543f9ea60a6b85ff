<?php
/**
 * Parlance for PHP back ends: publishing, tokens for users, the script element for pages. One file, PHP 7.4 and newer,
 * nothing but the extensions that every PHP has (`openssl` if the server's address is `https:`).
 *
 * Settings come from the environment, or as an array: PARLANCE_URL, PARLANCE_API_KEY, PARLANCE_SPOOL_DIR, PARLANCE_SECRET.
 */

declare(strict_types=1);

/**
 * A publication that is refused, and stays so however often it is tried; or, with the codes `unreachable` (no answer, and no spool) and
 * `spool_failed`, one that may be published or not: the same again with the same key does no harm.
 */
final class ParlanceError extends RuntimeException
{
    private array $details;

    public function __construct(string $code, string $text, array $details = [], ?Throwable $cause = null)
    {
        parent::__construct($text, 0, $cause);
        // A word, as PDOException has it.
        $this->code = $code;
        $this->details = $details;
    }

    /** Facts beside the code: `field`, `limit`, `idempotency_key`, … `getCode()` has the code, `getMessage()` a sentence for people. */
    public function getDetails(): array
    {
        return $this->details;
    }
}

/** Nothing is known of what was sent: it may have been published or not. */
final class ParlanceNoAnswer extends RuntimeException
{
}

/** Publishes over HTTP; what gets no clear answer in time is left in the spool directory, with the same key. */
final class ParlancePublisher
{
    private const TARGETS = ['room', 'rooms', 'user', 'users', 'everyone'];
    /** Longest publication that the server reads, in bytes of JSON. */
    private const MAX_BYTES = 262144;
    /** Longest answer that is read, in bytes. One for a hundred rooms takes some thousands. */
    private const MAX_ANSWER_BYTES = 1048576;
    /** Nanoseconds that a server is left in peace which did not answer, where there is a spool. */
    private const PAUSE_NS = 1000000000;
    /** Microseconds in the name of the newest file, so that the names of one process are in its order. */
    private static int $lastName = 0;
    /** By url, in `hrtime`. */
    private static array $notBefore = [];

    private string $url;
    private string $key;
    private string $spoolDir;
    private int $timeoutMs;

    /**
     * @param array $settings `url` (PARLANCE_URL, else http://127.0.0.1:8080), `key` (PARLANCE_API_KEY; without one all goes to the
     *   spool), `spoolDir` (PARLANCE_SPOOL_DIR; without one what gets no answer throws), `timeoutMs` (2000: for everything
     *   that is between the call and the answer).
     */
    public function __construct(array $settings = [])
    {
        $this->url = Parlance::setting($settings, 'url', 'PARLANCE_URL') ?: 'http://127.0.0.1:8080';
        $this->key = Parlance::setting($settings, 'key', 'PARLANCE_API_KEY');
        $this->spoolDir = Parlance::setting($settings, 'spoolDir', 'PARLANCE_SPOOL_DIR');
        $this->timeoutMs = (int) ($settings['timeoutMs'] ?? 2000);
        $isUrl = preg_match('~^https?://[\x21-\x7e]+$~D', $this->url) && parse_url($this->url, PHP_URL_HOST);
        if (!$isUrl || preg_match('/[^\x21-\x7e]/', $this->key)) {
            throw new InvalidArgumentException('the url is http://host or https://host; url and key are ASCII without blanks');
        }
    }

    /**
     * @param array $publication One of `room`, `rooms`, `user`, `users`, `everyone` => true; `text` or `data` or both; an
     *   `idempotency_key` of your own if you may have to say the same again.
     * @return array `by` => `http`, with `results`: for each room its `sequence`, or its `error`; or `by` => `spool`, with `file` and
     *   `reason`. `idempotency_key` in both.
     * @throws ParlanceError if the server refuses it, or if there is neither an answer nor a spool.
     */
    public function publish(array $publication): array
    {
        $publication = self::complete($publication);
        if ($this->key === '' || ($this->spoolDir !== '' && hrtime(true) < (self::$notBefore[$this->url] ?? 0))) {
            return $this->leave($publication, $this->key === '' ? 'no key' : 'no answer a moment ago');
        }
        try {
            [$status, $text] = $this->post(Parlance::json($publication));
            return self::read($status, $text, $publication['idempotency_key']);
        } catch (ParlanceNoAnswer $none) {
            self::$notBefore[$this->url] = hrtime(true) + self::PAUSE_NS;
            return $this->leave($publication, $none->getMessage());
        }
    }

    /**
     * Opens a message that grows, over HTTP only. Nothing of it goes to the spool.
     *
     * @param array $target One of `room`, `user`, `everyone` => true.
     * @param array $data Beside the text, for programs.
     * @throws ParlanceError if the server refuses it, or does not answer for a minute.
     */
    public function openMessage(array $target, string $text = '', array $data = []): ParlanceOpenMessage
    {
        return new ParlanceOpenMessage(
            fn (string $path, string $body, array $headers): array => $this->post($body, $path, $headers),
            $target,
            $text,
            $data
        );
    }

    /** Leaves a publication in the spool directory and asks nobody. As `publish`. */
    public function spool(array $publication): array
    {
        return $this->leave(self::complete($publication), 'asked for');
    }

    /** With a key. What would be refused at any rate is refused here: from the spool nobody could be told. */
    private static function complete(array $publication): array
    {
        // Ids are texts on the wire, and numbers in most databases.
        $textOf = static fn ($id) => is_int($id) ? (string) $id : $id;
        if (isset($publication['user'])) {
            $publication['user'] = $textOf($publication['user']);
        }
        if (is_array($publication['users'] ?? null)) {
            $publication['users'] = array_map($textOf, array_values($publication['users']));
        }
        // An empty array would be a JSON list.
        if (($publication['data'] ?? null) === []) {
            $publication['data'] = new stdClass();
        }
        $publication += ['idempotency_key' => bin2hex(random_bytes(16))];
        if (count(array_intersect(self::TARGETS, array_keys($publication))) !== 1) {
            throw new ParlanceError('bad_request', 'exactly one of ' . implode(', ', self::TARGETS));
        }
        if (!isset($publication['text']) && !isset($publication['data'])) {
            throw new ParlanceError('bad_request', 'text or data', ['field' => 'text']);
        }
        $key = $publication['idempotency_key'];
        if (!is_string($key) || !preg_match('/^[\x21-\x7e]{1,64}$/D', $key)) {
            throw new ParlanceError('bad_request', '1-64 visible ASCII characters', ['field' => 'idempotency_key']);
        }
        try {
            $length = strlen(Parlance::json($publication));
        } catch (JsonException $error) {
            throw new ParlanceError('bad_request', $error->getMessage(), [], $error);
        }
        if ($length > self::MAX_BYTES) {
            throw new ParlanceError('too_large', 'That is too large.', ['limit' => self::MAX_BYTES]);
        }
        return $publication;
    }

    /** What an answer says. Only one of the server's own is believed: a proxy's 404 settles nothing. */
    private static function read(int $status, string $text, string $key): array
    {
        $answer = json_decode($text, true);
        $results = $answer['results'] ?? null;
        if ($status >= 200 && $status < 300 && is_array($results)) {
            foreach ($results as $result) {
                if (($result['error']['retry'] ?? '') === 'later') {
                    throw new ParlanceNoAnswer('not in every room yet');
                }
            }
            return ['by' => 'http', 'idempotency_key' => $key, 'results' => $results];
        }
        $error = $answer['error'] ?? null;
        $isFinal = $status >= 400 && $status < 500 && $status !== 408 && $status !== 429;
        if ($isFinal && is_string($error['code'] ?? null)) {
            throw new ParlanceError($error['code'], (string) ($error['text'] ?? ''), (array) ($error['details'] ?? []));
        }
        throw new ParlanceNoAnswer("HTTP $status");
    }

    /** @return array{int, string} Status and body. @throws ParlanceNoAnswer */
    private function post(string $body, string $path = '/api/v1/publish', array $more = []): array
    {
        $url = parse_url($this->url) + ['port' => null, 'path' => ''];
        $isSecure = $url['scheme'] === 'https';
        $head = [
            'POST ' . rtrim($url['path'], '/') . $path . ' HTTP/1.1',
            'Host: ' . $url['host'] . ($url['port'] === null ? '' : ":{$url['port']}"),
            "Authorization: Bearer {$this->key}",
            'Content-Type: application/json',
            'Content-Length: ' . strlen($body),
            'Connection: close',
            ...$more,
        ];
        $deadline = hrtime(true) + $this->timeoutMs * 1000000;
        $request = implode("\r\n", $head) . "\r\n\r\n" . $body;
        return self::strictly(static function () use ($url, $isSecure, $request, $deadline): array {
            $socket = self::connect($url['host'], $url['port'] ?? ($isSecure ? 443 : 80), $isSecure, $deadline);
            for ($sent = 0; $sent < strlen($request); $sent += $count) {
                self::limit($socket, $deadline);
                $count = fwrite($socket, substr($request, $sent, 65536));
                if (!$count) {
                    throw new ParlanceNoAnswer('the connection ended');
                }
            }
            return self::receive($socket, $deadline);
        });
    }

    /**
     * Makes of PHP's warnings what they are here: a step that failed. A framework's own handler could make an exception of them that
     * nobody would leave in the spool.
     */
    private static function strictly(callable $do): array
    {
        set_error_handler(static function (int $level, string $text): bool {
            throw new ParlanceNoAnswer($text);
        }, E_WARNING | E_NOTICE);
        try {
            return $do();
        } finally {
            restore_error_handler();
        }
    }

    /** @return resource */
    private static function connect(string $host, int $port, bool $isSecure, int $deadline)
    {
        $left = self::left($deadline) / 1e9;
        $context = stream_context_create(['ssl' => ['peer_name' => trim($host, '[]')]]);
        $socket = stream_socket_client(
            "tcp://$host:$port",
            $number,
            $text,
            $left,
            STREAM_CLIENT_CONNECT,
            $context
        );
        if ($isSecure) {
            // Bit by bit: the time for a handshake would begin anew otherwise.
            stream_set_blocking($socket, false);
            $method = STREAM_CRYPTO_METHOD_TLSv1_2_CLIENT | STREAM_CRYPTO_METHOD_TLSv1_3_CLIENT;
            while (($done = stream_socket_enable_crypto($socket, true, $method)) === 0) {
                $left = self::left($deadline);
                [$read, $write, $except] = [[$socket], null, null];
                stream_select($read, $write, $except, 0, min(intdiv($left, 1000), 50000));
            }
            if ($done !== true) {
                throw new ParlanceNoAnswer('no secure connection');
            }
            stream_set_blocking($socket, true);
        }
        return $socket;
    }

    /** @param resource $socket */
    private static function receive($socket, int $deadline): array
    {
        for ($bytes = ''; ;) {
            self::limit($socket, $deadline);
            $piece = fread($socket, 65536);
            $bytes .= $piece;
            $isEnd = $piece === false || ($piece === '' && feof($socket));
            $answer = self::parse($bytes, $isEnd);
            if ($answer !== null) {
                return $answer;
            }
            if ($isEnd || strlen($bytes) > self::MAX_ANSWER_BYTES) {
                throw new ParlanceNoAnswer('half an answer');
            }
        }
    }

    /** Null: there is more to come (RFC 9112 §6). */
    private static function parse(string $bytes, bool $isEnd): ?array
    {
        [$head, $body] = explode("\r\n\r\n", $bytes, 2) + [1 => null];
        if ($body === null) {
            return null;
        }
        if (!preg_match('~^HTTP/1\.[01] (\d{3})~', $head, $match)) {
            throw new ParlanceNoAnswer('no HTTP');
        }
        $status = (int) $match[1];
        if ($status < 200) {
            return self::parse($body, $isEnd);
        }
        if (preg_match('/^transfer-encoding:.*chunked/mi', $head)) {
            $body = self::unchunk($body);
            return $body === null ? null : [$status, $body];
        }
        if (preg_match('/^content-length: *(\d+)/mi', $head, $match)) {
            return strlen($body) < (int) $match[1] ? null : [$status, substr($body, 0, (int) $match[1])];
        }
        return $isEnd ? [$status, $body] : null;
    }

    private static function unchunk(string $body): ?string
    {
        for ($whole = ''; preg_match('/^([0-9a-f]{1,7})[^\r\n]*\r\n/i', $body, $match);) {
            $size = (int) hexdec($match[1]);
            $start = strlen($match[0]);
            if ($size === 0) {
                return $whole;
            }
            if (strlen($body) < $start + $size + 2) {
                return null;
            }
            $whole .= substr($body, $start, $size);
            $body = substr($body, $start + $size + 2);
        }
        return null;
    }

    /** The socket's next step may take what is left. @param resource $socket */
    private static function limit($socket, int $deadline): void
    {
        $left = intdiv(self::left($deadline), 1000);
        stream_set_timeout($socket, intdiv($left, 1000000), $left % 1000000);
    }

    /** Nanoseconds until then. */
    private static function left(int $deadline): int
    {
        $left = $deadline - hrtime(true);
        if ($left <= 0) {
            throw new ParlanceNoAnswer('no answer in time');
        }
        return $left;
    }

    /** Writes a file of the spool: whole, on the disk and under its name, or not there for the server. */
    private function leave(array $publication, string $reason): array
    {
        $key = $publication['idempotency_key'];
        if ($this->spoolDir === '') {
            throw new ParlanceError('unreachable', "Perhaps not published: $reason.", ['idempotency_key' => $key]);
        }
        // The service that the key speaks for: the server tells keys of publications apart by it.
        $parts = explode('_', $this->key);
        $isKey = count($parts) > 2 && $parts[0] === 'plk';
        $json = Parlance::json($publication + ($isKey ? ['key_id' => $parts[1]] : []));
        $file = "{$this->spoolDir}/" . self::newName();
        try {
            self::strictly(static fn (): array => self::write($file, $json));
        } catch (ParlanceNoAnswer $error) {
            if (is_file("$file.tmp")) {
                unlink("$file.tmp");
            }
            // The next one had better ask the server.
            self::$notBefore = [];
            $text = "Perhaps not published: $reason; nor left in the spool: {$error->getMessage()}";
            throw new ParlanceError('spool_failed', $text, ['idempotency_key' => $key], $error);
        }
        return ['by' => 'spool', 'idempotency_key' => $key, 'file' => $file, 'reason' => $reason];
    }

    private static function write(string $file, string $json): array
    {
        $stream = fopen("$file.tmp", 'x');
        // The server may be another user, in the group that the directory hands down.
        chmod("$file.tmp", 0640);
        // PHP 8.1 has fsync. Before, a power cut may leave a file empty that was just written; a crash of PHP may not.
        $isThere = fwrite($stream, $json) === strlen($json) && fflush($stream);
        if (!$isThere || (function_exists('fsync') && !fsync($stream))) {
            throw new ParlanceNoAnswer('not written to the disk');
        }
        fclose($stream);
        rename("$file.tmp", $file);
        if (function_exists('fsync') && DIRECTORY_SEPARATOR === '/') {
            // Its name too has to be on the disk.
            fsync(fopen(dirname($file), 'r'));
        }
        return [];
    }

    private static function newName(): string
    {
        [$fraction, $seconds] = explode(' ', microtime());
        self::$lastName = max(self::$lastName + 1, (int) ($seconds . substr($fraction, 2, 6)));
        return sprintf('%017d-%s.json', self::$lastName, bin2hex(random_bytes(8)));
    }
}

/**
 * A message that grows: appended to bit by bit and closed. What is not acknowledged is repeated by its position, which counts UTF-16
 * code units as the server does.
 */
final class ParlanceOpenMessage
{
    /** Nanoseconds between two pieces; what is appended in between goes together. */
    private const PACE_NS = 200000000;
    /** Nanoseconds for which a server that does not answer is asked again. */
    private const PATIENCE_NS = 60000000000;

    /** @var callable */
    private $post;
    private string $key;
    private string $path;
    private int $stored;
    private string $rest = '';
    private int $sentAt = 0;
    private bool $isEnded = false;

    /** Made by `ParlancePublisher::openMessage`. */
    public function __construct(callable $post, array $target, string $text, array $data)
    {
        $this->post = $post;
        $this->key = bin2hex(random_bytes(16));
        $this->stored = self::units($text);
        $room = empty($target['everyone']) ? ($target['room'] ?? 'user:' . $target['user']) : 'notifications';
        $path = '/api/v1/rooms/' . rawurlencode((string) $room) . '/messages';
        $opened = $this->ask($path, ['text' => $text, 'open' => true] + ($data === [] ? [] : ['data' => $data]));
        $this->path = "$path/" . rawurlencode($opened['message_id']);
    }

    /**
     * Takes a piece of well-formed UTF-8. It is sent at once, or a moment later together with the next ones.
     *
     * @return bool False once somebody else has ended the message: what makes the text may stop.
     * @throws ParlanceError if the server refuses it, or does not answer for a minute.
     */
    public function append(string $text): bool
    {
        if (!preg_match('//u', $text)) {
            throw new ParlanceError('bad_request', 'not UTF-8', ['field' => 'text']);
        }
        if (!$this->isEnded) {
            $this->rest .= $text;
            if (hrtime(true) - $this->sentAt >= self::PACE_NS) {
                $this->send();
            }
        }
        return !$this->isEnded;
    }

    /** Sends what is left and closes. As `append`. */
    public function close(): bool
    {
        while (!$this->isEnded) {
            $this->send();
            if ($this->isEnded) {
                return false;
            }
            $told = $this->ask("{$this->path}/close", ['length' => $this->stored]);
            if (isset($told['message_id']) || isset($told['ended'])) {
                $this->isEnded = true;
                return isset($told['message_id']);
            }
            $this->advance($told['length']);
        }
        return false;
    }

    private function send(): void
    {
        // So many characters have at most 16,384 units.
        while (!$this->isEnded && preg_match('/^.{1,8192}/us', $this->rest, $match)) {
            $told = $this->ask("{$this->path}/append", ['at' => $this->stored, 'text' => $match[0]]);
            if (isset($told['ended'])) {
                $this->isEnded = true;
            } else {
                $this->advance($told['length']);
            }
        }
        $this->sentAt = hrtime(true);
    }

    /** So much is stored. */
    private function advance(int $length): void
    {
        $bytes = 0;
        for ($left = $length - $this->stored; $left > 0 && $bytes < strlen($this->rest); $left -= $width === 4 ? 2 : 1) {
            $lead = ord($this->rest[$bytes]);
            $width = $lead < 0x80 ? 1 : ($lead < 0xe0 ? 2 : ($lead < 0xf0 ? 3 : 4));
            $bytes += $width;
        }
        if ($left !== 0) {
            throw new ParlanceError('conflict', 'Somebody else writes this message.', ['length' => $length]);
        }
        $this->rest = (string) substr($this->rest, $bytes);
        $this->stored = $length;
    }

    /** Asks until there is an answer: its body, `length` where the server has another part of the text, or `ended`. */
    private function ask(string $path, array $body): array
    {
        $until = hrtime(true) + self::PATIENCE_NS;
        for ($pause = 100000; ; $pause = min(5000000, 2 * $pause)) {
            try {
                [$status, $text] = ($this->post)($path, Parlance::json($body), ["Idempotency-Key: {$this->key}"]);
                return self::read($status, $text);
            } catch (ParlanceNoAnswer $none) {
                if (hrtime(true) + $pause * 1000 > $until) {
                    $text = "Not all is published: {$none->getMessage()}.";
                    throw new ParlanceError('unreachable', $text, ['idempotency_key' => $this->key], $none);
                }
            }
            usleep($pause);
        }
    }

    private static function read(int $status, string $text): array
    {
        $answer = json_decode($text, true);
        if (is_array($answer) && $status >= 200 && $status < 300) {
            return $answer;
        }
        $error = $answer['error'] ?? null;
        if (!is_string($error['code'] ?? null) || ($error['retry'] ?? '') === 'later') {
            throw new ParlanceNoAnswer("HTTP $status");
        }
        $details = (array) ($error['details'] ?? []);
        if ($error['code'] === 'conflict' && is_int($details['length'] ?? null)) {
            return ['length' => $details['length']];
        }
        if ($error['code'] === 'conflict' && ($details['field'] ?? '') === 'message_id') {
            return ['ended' => true];
        }
        throw new ParlanceError($error['code'], (string) ($error['text'] ?? ''), $details);
    }

    /** UTF-16 code units of a text in UTF-8: one for each character, and one more for those of four bytes. */
    private static function units(string $text): int
    {
        return preg_match_all('/[^\x80-\xbf]/', $text) + preg_match_all('/[\xf0-\xf4]/', $text);
    }
}

/** Tokens for users, and what their pages load. */
final class Parlance
{
    /** The longest user id that the server takes. */
    private const MAX_USER_ID = 128;
    /** The largest whole number that JavaScript does not round. */
    private const MAX_NUMBER = 9007199254740991;

    /**
     * A token for one user: a JWT, signed with HS256.
     *
     * @param int|string $userId The token keeps which of the two it was: pages compare ids with `===`.
     * @param int $ttl Seconds until it expires.
     * @param array $options `secret` (PARLANCE_SECRET), `name` that others see, `singleUse` => true: good for one sign-in.
     */
    public static function generateToken($userId, int $ttl = 3600, array $options = []): string
    {
        $isUsable = is_int($userId)
            ? abs($userId) <= self::MAX_NUMBER
            : is_string($userId) && preg_match('/^[\x21-\x7e]+$/D', $userId) && strlen($userId) <= self::MAX_USER_ID;
        if (!$isUsable) {
            throw new InvalidArgumentException("the user's id is a whole number, or a text of visible ASCII characters");
        }
        if ($ttl <= 0) {
            throw new InvalidArgumentException('the lifetime is a whole number of seconds above 0');
        }
        $now = time();
        $claims = [
            'sub' => (string) $userId,
            'user_id' => $userId,
            'iat' => $now,
            'exp' => $now + $ttl,
            'jti' => bin2hex(random_bytes(16)),
        ];
        if (isset($options['name'])) {
            $claims['name'] = $options['name'];
        }
        if (($options['singleUse'] ?? false) === true) {
            $claims['single_use'] = true;
        }
        $signed = self::base64(self::json(['alg' => 'HS256', 'typ' => 'JWT'])) . '.' . self::base64(self::json($claims));
        return $signed . '.' . self::base64(self::sign($signed, $options));
    }

    /**
     * Whether a token is genuine and has not expired.
     *
     * @param array $options `secret` (PARLANCE_SECRET).
     * @return array|null What it says; null for every other text, with no word about the cause.
     */
    public static function validateToken(string $token, array $options = []): ?array
    {
        $parts = explode('.', $token);
        if (count($parts) !== 3) {
            return null;
        }
        [$head, $body, $signature] = $parts;
        $header = self::decode($head);
        // The algorithm is ours to choose. A token that names another one, `none` above all, is none of ours.
        if (($header['alg'] ?? null) !== 'HS256' || array_key_exists('crit', $header)) {
            return null;
        }
        $given = self::bytes($signature);
        if ($given === null || !hash_equals(self::sign("$head.$body", $options), $given)) {
            return null;
        }
        $claims = self::decode($body);
        $isNumber = static fn (string $name): bool => is_int($claims[$name] ?? null) || is_float($claims[$name] ?? null);
        $isInForce = $isNumber('exp') && $claims['exp'] > time()
            && (!array_key_exists('nbf', $claims) || ($isNumber('nbf') && $claims['nbf'] <= time()));
        $isWhole = is_string($claims['sub'] ?? null) && is_string($claims['jti'] ?? null);
        return $isInForce && $isWhole ? $claims : null;
    }

    /**
     * The `<script>` element that gives a page `wsManager`. Address, token and options are in its `data-options`; no value can
     * break out of it. The page holds a token then: send it with `Cache-Control: no-store`.
     *
     * @param string $url Where the WebSocket is, `ws:` or `wss:`, its host in ASCII.
     * @param array $options `token`; `reconnect` (true), `reconnectDelay` (3000 ms), `scriptUrl` (`/mmb/client.js` at the host of `$url`),
     *   `features` (`chat`, `collaboration`, `notifications` => false).
     */
    public static function getClientScript(string $url, array $options): string
    {
        if (!is_string($options['token'] ?? null)) {
            throw new InvalidArgumentException('the token is a text');
        }
        $delay = $options['reconnectDelay'] ?? 3000;
        if ((!is_int($delay) && !is_float($delay)) || !is_finite($delay) || $delay < 0) {
            throw new InvalidArgumentException('reconnectDelay is a number of milliseconds');
        }
        $origin = self::origin($url, ['ws' => 80, 'wss' => 443]);
        $source = $options['scriptUrl'] ?? 'http' . substr($origin, 2) . '/mmb/client.js';
        if (!preg_match('~^/(?![/\\\\])[^\x00-\x1f]*$~D', $source)) {
            self::origin($source, ['http' => 80, 'https' => 443]);
        }
        $data = [
            'url' => $url,
            'token' => $options['token'],
            'reconnect' => $options['reconnect'] ?? true,
            'reconnectDelay' => $delay,
        ];
        if (isset($options['features'])) {
            $data['features'] = (object) $options['features'];
        }
        $source = strtr($source, ['<' => '&#60;', '>' => '&#62;', '&' => '&#38;', '"' => '&#34;', "'" => '&#39;']);
        $json = strtr(self::json($data), ['<' => '\u003c', '>' => '\u003e', '&' => '\u0026', "'" => '\u0027']);
        return "<script src=\"$source\" data-options='$json'></script>";
    }

    /** Scheme, host and port as a browser writes them. Refuses what browsers and PHP may read in two ways. */
    private static function origin(string $url, array $ports): string
    {
        $schemes = implode('|', array_keys($ports));
        $form = "~^($schemes)://(\\[[0-9a-f:]+\\]|[a-z0-9._-]+)(?::(\\d{1,5}))?(?=[/?#]|$)[^\\x00-\\x1f]*$~iD";
        $isOne = preg_match($form, $url, $match);
        [, $scheme, $host, $port] = array_map('strtolower', $match) + ['', '', '', ''];
        if ($isOne && $host[0] === '[') {
            $isOne = filter_var(trim($host, '[]'), FILTER_VALIDATE_IP) !== false;
            $host = $isOne ? '[' . inet_ntop(inet_pton(trim($host, '[]'))) . ']' : '';
        } elseif ($isOne && preg_match('/(^|\.)(\d+|0x[0-9a-f]*)\.?$/D', $host)) {
            $isOne = filter_var($host, FILTER_VALIDATE_IP) !== false;
        }
        if (!$isOne || (int) $port > 65535) {
            throw new InvalidArgumentException("not an address of $schemes");
        }
        return "$scheme://$host" . ($port === '' || (int) $port === $ports[$scheme] ? '' : ':' . (int) $port);
    }

    /** What is given, else what the environment has. */
    public static function setting(array $given, string $name, string $variable): string
    {
        return $given[$name] ?? (getenv($variable) ?: '');
    }

    /** As JavaScript writes it. @param mixed $value @throws JsonException */
    public static function json($value): string
    {
        return json_encode($value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR);
    }

    /**
     * Whether a request of a hook is genuine: signed with the secret that both know, not changed, and of now.
     *
     * @param string $header `$_SERVER['HTTP_PARLANCE_SIGNATURE'] ?? ''`.
     * @param string $body As it came: `file_get_contents('php://input')`.
     * @param int $tolerance Seconds that the clocks of the two machines may be apart.
     */
    public static function verifyRequest(string $secret, string $header, string $body, int $tolerance = 300): bool
    {
        if ($secret === '') {
            throw new InvalidArgumentException('the secret is empty');
        }
        if (!preg_match('/^t=(\d{1,12}),v1=([0-9a-f]{64})$/D', $header, $parts)) {
            return false;
        }
        return hash_equals(hash_hmac('sha256', "$parts[1].$body", $secret), $parts[2]) && abs(time() - (int) $parts[1]) <= $tolerance;
    }

    private static function sign(string $text, array $options): string
    {
        $secret = self::setting($options, 'secret', 'PARLANCE_SECRET');
        // An empty key signs too, and everybody knows it.
        if ($secret === '') {
            throw new InvalidArgumentException('the secret is empty');
        }
        return hash_hmac('sha256', $text, $secret, true);
    }

    private static function base64(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }

    private static function bytes(string $text): ?string
    {
        $bytes = preg_match('/^[A-Za-z0-9_-]*$/D', $text) ? base64_decode(strtr($text, '-_', '+/'), true) : false;
        return $bytes === false ? null : $bytes;
    }

    /** An object, empty where the text is none. */
    private static function decode(string $part): array
    {
        $text = self::bytes($part) ?? '';
        $value = json_decode($text, true);
        return is_array($value) && ltrim($text)[0] === '{' ? $value : [];
    }
}

// The short names that applications know. One that is taken already stays what it is: use the classes then.

if (!function_exists('parlance_publish')) {
    /** `ParlancePublisher::publish` with the environment's settings. */
    function parlance_publish(array $publication): array
    {
        return (new ParlancePublisher())->publish($publication);
    }
}

if (!function_exists('sendWebSocketNotification')) {
    /** Tells everybody. PorticoEstate's pages get `{type: "notification", message, data, timestamp}`. */
    function sendWebSocketNotification(string $text, array $data = []): array
    {
        $publication = ['everyone' => true, 'text' => $text];
        return parlance_publish($publication + ($data === [] ? [] : ['data' => ['data' => $data]]));
    }
}

if (!function_exists('generateToken')) {
    /** `Parlance::generateToken`. @param int|string $userId */
    function generateToken($userId, int $ttl = 3600, array $options = []): string
    {
        return Parlance::generateToken($userId, $ttl, $options);
    }
}

if (!function_exists('validateToken')) {
    /** `Parlance::validateToken`. */
    function validateToken(string $token, array $options = []): ?array
    {
        return Parlance::validateToken($token, $options);
    }
}

if (!function_exists('verifyRequest')) {
    /** `Parlance::verifyRequest`. */
    function verifyRequest(string $secret, string $header, string $body, int $tolerance = 300): bool
    {
        return Parlance::verifyRequest($secret, $header, $body, $tolerance);
    }
}

if (!function_exists('getClientScript')) {
    /** `Parlance::getClientScript`. */
    function getClientScript(string $url, array $options): string
    {
        return Parlance::getClientScript($url, $options);
    }
}
