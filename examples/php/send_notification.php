<?php
/** In the place of PorticoEstate's src/WebSocket/send_notification.php: `sendWebSocketNotification($text, $data)`. */

require_once __DIR__ . '/parlance.php';
