<?php
/**
 * MMB's back end: the two functions of its description, letter for letter but for the name of the file and the number of
 * downloads, which the description takes from somewhere else. Called by the tests: php mmb.php <function> <arguments as JSON>
 */

function notifyFileDownloaded($fileId, $ownerId, $downloaderName, $filename, $downloadCount) {
    $redis = new Redis();
    $redis->connect('127.0.0.1', 6379);
    return $redis->publish('notifications_' . $ownerId, json_encode([
        'type' => 'message',
        'room' => 'notifications_' . $ownerId,
        'message' => [
            'type' => 'file_downloaded',
            'file_id' => $fileId,
            'downloader' => $downloaderName,
            'filename' => $filename,
            'count' => $downloadCount,
            'timestamp' => time()
        ]
    ]));
}

function notifyOCRProgress($jobId, $userId, $progress, $status, $data = []) {
    $redis = new Redis();
    $redis->connect('127.0.0.1', 6379);

    return $redis->publish('ocr_job_' . $jobId, json_encode([
        'type' => 'message',
        'room' => 'ocr_job_' . $jobId,
        'message' => array_merge([
            'type' => 'ocr_progress',
            'job_id' => $jobId,
            'progress' => $progress,
            'status' => $status,
            'timestamp' => time()
        ], $data)
    ]));
}

[, $function, $arguments] = $argv;
echo json_encode($function(...json_decode($arguments, true))), "\n";
