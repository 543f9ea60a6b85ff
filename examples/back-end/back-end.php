<?php
/**
 * A back end that answers Parlance's hooks: php -S 127.0.0.1:9000 back-end.php. Settings come from the environment: APPLICATIONS (a JSON file,
 * [{"id": 7, "user_id": "123", "name": "Main hall", "status": "partial"}]), HOOK_SECRET (what the server signs with). Put your database in its place.
 */

require_once __DIR__ . '/../php/parlance.php';

/** `$user` is who asks, verified by the server: never take a user's id from the question's data. */
function partialApplicationsOf(array $user): array
{
    $all = json_decode((string) @file_get_contents(getenv('APPLICATIONS') ?: 'applications.json'), true) ?? [];
    $own = array_filter($all, static fn (array $one): bool => $one['user_id'] === $user['id'] && $one['status'] === 'partial');
    return array_map(static fn (array $one): array => ['id' => $one['id'], 'name' => $one['name'], 'status' => $one['status']], array_values($own));
}

/** @return array A status and, where it has one, an answer. */
function answerOf(array $question): array
{
    switch ($question['type'] . ' ' . ($question['method'] ?? '')) {
        case 'rpc get_partial_applications':
            return [200, ['error' => false, 'message' => '', 'applications' => partialApplicationsOf($question['user'])]];
        case 'publish ':
            return [200, ['text' => preg_replace('/\d[\d -]{5,}\d/', '***', $question['text'])]];
        default:
            return $question['type'] === 'rpc' ? [404, ['code' => 'unknown_method', 'text' => 'That cannot be asked here.']] : [204];
    }
}

$body = (string) file_get_contents('php://input');
$isGenuine = Parlance::verifyRequest((string) getenv('HOOK_SECRET'), $_SERVER['HTTP_PARLANCE_SIGNATURE'] ?? '', $body);
[$status, $answer] = ($isGenuine ? answerOf(json_decode($body, true)) : [401]) + [1 => null];
http_response_code($status);
header('Content-Type: application/json');
if ($answer !== null) {
    echo json_encode($answer);
}
