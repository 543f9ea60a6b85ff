<?php
/**
 * ProShare: tells the owner of a file that somebody downloaded it. Pages of the owner that have joined `notifications_<owner>` get it as
 * `data.message`; one that is away gets it when it comes back. To try: php download-notification.php <owner> <file> <name> <downloader> <count>
 */

require_once __DIR__ . '/parlance.php';

function notifyFileDownloaded($fileId, $ownerId, string $downloader, string $filename, int $count): array
{
    $message = ['type' => 'file_downloaded', 'file_id' => $fileId, 'filename' => $filename, 'downloader' => $downloader,
        'count' => $count, 'timestamp' => time()];
    return parlance_publish([
        'room' => "notifications_$ownerId",
        'text' => "$downloader downloaded $filename.",
        'data' => $message,
    ]);
}

if (realpath($argv[0] ?? '') === __FILE__) {
    [, $owner, $file, $name, $downloader, $count] = $argv;
    echo json_encode(notifyFileDownloaded((int) $file, $owner, $downloader, $name, (int) $count)), "\n";
}
