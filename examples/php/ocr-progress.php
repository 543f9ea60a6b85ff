<?php
/**
 * ImgTxt: tells how far a job is, from the process that does it. Pages that have joined `ocr_job_<id>` get it as `data.message`; one
 * that comes back gets what it missed. To try: php ocr-progress.php <job> <user> <completed|failed>
 */

require_once __DIR__ . '/parlance.php';

/** Only members read a job's room: call it before the page joins. The user has signed in once; the key has `publish` and `rooms`. */
function letIntoJob($jobId, $userId): bool
{
    $url = (getenv('PARLANCE_URL') ?: 'http://127.0.0.1:8080') . "/api/v1/rooms/ocr_job_$jobId/members/" . rawurlencode((string) $userId);
    $header = ['Authorization: Bearer ' . getenv('PARLANCE_API_KEY'), 'Content-Type: application/json'];
    $http = ['method' => 'PUT', 'header' => $header, 'content' => '{}', 'timeout' => 2];
    return @file_get_contents($url, false, stream_context_create(['http' => $http])) !== false;
}

function notifyOCRProgress($jobId, int $progress, string $status, array $data = []): array
{
    $message = ['type' => 'ocr_progress', 'job_id' => $jobId, 'progress' => $progress, 'status' => $status, 'timestamp' => time()];
    return parlance_publish(['room' => "ocr_job_$jobId", 'text' => "OCR: $progress % ($status)", 'data' => $message + $data]);
}

if (realpath($argv[0] ?? '') === __FILE__) {
    [, $job, $user, $end] = $argv;
    echo letIntoJob($job, $user) ? "$user may read it\n" : "$user was not let in\n";
    notifyOCRProgress((int) $job, 10, 'processing');
    notifyOCRProgress((int) $job, 55, 'processing');
    if ($end === 'completed') {
        notifyOCRProgress((int) $job, 100, 'completed', ['text' => 'Hello', 'confidence' => 98.5]);
    } else {
        notifyOCRProgress((int) $job, 55, 'failed', ['error' => 'There is no text in that picture.']);
    }
}
