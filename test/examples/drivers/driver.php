<?php
/** Calls examples/php/parlance.php for the tests: a line `[call, argument, …]` in, a line `{"ok": …}`, `{"refused": …}` or `{"invalid": …}` out. */

error_reporting(E_ALL);
// Laravel and others make exceptions of warnings; nothing that the library expects may reach their handler.
set_error_handler(static function (int $level, string $text): bool {
    throw new ErrorException($text);
});
require __DIR__ . '/../../../examples/php/parlance.php';

$publisher = new ParlancePublisher(['timeoutMs' => (int) (getenv('TIMEOUT_MS') ?: 2000)]);
$message = null;
$calls = [
    'open' => static function (array $target, string $text = '') use ($publisher, &$message): void {
        $message = $publisher->openMessage($target, $text);
    },
    'append' => static function (string $text) use (&$message): bool {
        return $message->append($text);
    },
    'close' => static function () use (&$message): bool {
        return $message->close();
    },
    'publish' => [$publisher, 'publish'],
    'spool' => [$publisher, 'spool'],
    'notify' => 'sendWebSocketNotification',
    'generate' => static fn ($user, $ttl = 3600, $options = []) => generateToken($user, $ttl, $options),
    'validate' => static fn ($token, $options = []) => validateToken($token, $options),
    'verify' => static fn (...$given) => verifyRequest(...$given),
    'script' => static fn ($url, $options) => getClientScript($url, $options),
];
while (($line = fgets(STDIN)) !== false) {
    $call = json_decode($line, true);
    try {
        $answer = ['ok' => $calls[array_shift($call)](...$call)];
    } catch (ParlanceError $error) {
        $answer = ['refused' => ['code' => $error->getCode(), 'text' => $error->getMessage(), 'details' => (object) $error->getDetails()]];
    } catch (InvalidArgumentException | TypeError $error) {
        $answer = ['invalid' => $error->getMessage()];
    }
    echo json_encode($answer, JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR), "\n";
    flush();
}
